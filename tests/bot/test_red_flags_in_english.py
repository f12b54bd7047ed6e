"""Red flags in English, and in traditional characters: what must ring, and what must not."""

import pytest

from bot.red_flags import Outcome, look
from integrations.language.script import normalise

EMERGENCY = """
I can't breathe
i cant breathe
My father can’t breathe properly
he is having difficulty breathing
my baby is turning blue
she is choking on a fish bone
I have chest pain and my left arm hurts
my husband has chest pain right now
crushing chest pain since ten minutes
severe pain in my chest
my chest is tight and i am sweating
i think my dad is having a heart attack
I think it's a stroke
her face is drooping
his speech is slurred, slurred speech
my mother suddenly can't move her left arm
my right arm is numb and weak, one side of my body
suddenly blind on one eye
my son is unconscious
grandma won't wake up
I can't wake my husband up
she fainted in the kitchen
he passed out
he collapsed and is not responding
it is bleeding and it won't stop
he is bleeding heavily
vomiting blood
coughing up blood
she is having a seizure
my daughter swallowed a button battery
he drank bleach
carbon monoxide alarm is on and I feel dizzy
my throat is closing up
anaphylactic shock
we had a car accident
he fell from the roof
i was hit by a car
I am pregnant and bleeding
my water broke
the baby stopped moving
hello. my wife fainted. what to do
i had a heart attack last year and now my chest is tight with sweating
please book cardiology, I have bad chest pain
我媽媽突然說不出話
爸爸昏倒叫不醒
喘不過氣，嘴唇發紫
"""
CRISIS = """
I want to kill myself
i'm going to end my life
I am suicidal
thinking about suicide
I don't want to live anymore
i just wanna die
I wish I was dead
I took too many pills
i swallowed a bottle of sleeping pills
I feel like hurting myself
there is no reason to live
he is going to jump off the building
I tried to kill myself last year
我真的不想活了，想自殺
"""
NONE = """
I want to see a cardiologist next week
no chest pain, just a cough
I don't have chest pain
he is not unconscious
my father had a stroke 3 years ago, I want a check-up
heart attack in 2015, follow-up please
how to prevent a heart attack
what are the signs of a stroke
I can't breathe through my nose, I have a cold
I need rehabilitation after a stroke
flu shot tomorrow
I died laughing
this queue is killing me
the bleeding stopped last month
can I book the seizure clinic
my back hurts
blood test results
I have a headache
cut my hair
where is the emergency room
my appointment was cancelled
I am dying to know the result
i could not speak english well
I can't speak Chinese
I want to live in Beijing
my son has a fever of 38
I am pregnant and want a check-up
baby vaccination
I had a car last year
take the stairs
I can't wake up early
the system is not responding to my message
shortness of breath when climbing stairs for months
I feel stressed
sometimes chest discomfort years ago
my kid has a runny nose
book a blood pressure check
no history of seizures
沒有昏迷過
"""


def lines(block: str) -> list[str]:
    return [line for line in block.strip().splitlines() if line]


@pytest.mark.parametrize("text", lines(EMERGENCY))
def test_emergencies(text: str) -> None:
    assert look(normalise(text))[0] is Outcome.EMERGENCY


@pytest.mark.parametrize("text", lines(CRISIS))
def test_crises(text: str) -> None:
    assert look(normalise(text))[0] is Outcome.CRISIS


@pytest.mark.parametrize("text", lines(NONE))
def test_everyday_words_raise_no_alarm(text: str) -> None:
    assert look(normalise(text)) == (Outcome.NONE, "")


@pytest.mark.parametrize(
    "fragments", [["my dad", "can't breathe"], ["she is", "not breathing"], ["my face is", "drooping"]]
)
def test_fragments_keep_their_words_apart(fragments: list[str]) -> None:
    assert look(fragments[-1], fragments[:-1])[0] is Outcome.EMERGENCY
