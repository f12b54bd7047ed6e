from __future__ import annotations

import asyncio

import pytest
from components.classifier import SOUND, SOUNDS, fit, ngrams, normalise
from components.nlu import FALLBACK
from conversation import build_engine, message

EXAMPLES = {
    "book": ["我要挂号", "挂号", "预约挂号", "帮我挂个号"],
    "greet": ["你好", "您好", "早上好", "在吗"],
    "cancel": ["取消", "不要了", "算了", "退号"],
}


@pytest.fixture(scope="module")
def classifier():
    texts = [text for group in EXAMPLES.values() for text in group]
    intents = [intent for intent, group in EXAMPLES.items() for _ in group]
    return fit(texts, [[] for _ in texts], intents, 4, 1.0)


def parse(model, executor, text: str, **metadata):
    engine = build_engine(model, executor, compacts=True)
    one = message(text)
    one.metadata.update(metadata)
    return asyncio.run(engine.parse_message(one))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ａ１ 你好　", "a0 你好"),
        ("25号", "00号"),
        ("我是[[person_name:" + "0" * 32 + "]]", "我是<person_name>"),
    ],
)
def test_one_spelling(text, expected):
    assert normalise(text) == expected


def test_ngrams_know_both_ends():
    written = {"挂": 1, "号": 1, "\x02挂": 1, "挂号": 1, "号\x03": 1}
    assert {gram: count for gram, count in ngrams("挂号", 2).items() if SOUND not in gram} == written


def test_what_sounds_alike_shares_ngrams():
    right, wrong = ngrams("预约挂号", 2), ngrams("预越瓜好", 2)
    assert f"{SOUND}{SOUNDS[ord('预')]}{SOUNDS[ord('越')]}" in right & wrong
    assert not right & ngrams("退款进度", 2)


def test_english_has_no_sounds():
    assert not any(SOUND in gram for gram in ngrams("book a doctor", 2))


def test_the_probabilities_of_all_intents_make_one(classifier):
    probabilities = classifier.probabilities("我想挂号", [])
    assert probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert classifier.intents[probabilities.argmax()] == "book"


def test_strange_words_are_less_certain_than_known_ones(classifier):
    assert classifier.probabilities("挂号", []).max() > classifier.probabilities("кругом xyz 挂", []).max()


def test_training_gives_the_same_weights_every_time(classifier):
    texts = [text for group in EXAMPLES.values() for text in group]
    intents = [intent for intent, group in EXAMPLES.items() for _ in group]
    again = fit(texts, [[] for _ in texts], intents, 4, 1.0)
    assert (again.weights == classifier.weights).all()
    assert again.vocabulary == classifier.vocabulary


def test_kinds_of_entities_count_as_words(model, executor):
    entities = [{"entity": "department", "value": "x", "start": 0, "end": 2}]
    plain = parse(model, executor, "曲曲")
    marked = parse(model, executor, "曲曲", entities=entities)
    confidence = {one["name"]: one["confidence"] for one in marked["intent_ranking"]}
    before = {one["name"]: one["confidence"] for one in plain["intent_ranking"]}
    assert confidence["inform"] > before.get("inform", 0)


def test_nothing_likely_is_a_fallback_before_the_ranking(model, executor):
    parsed = parse(model, executor, "qwertyuiop asdfgh")
    assert parsed["intent"]["name"] == FALLBACK
    assert len(parsed["intent_ranking"]) > 1


@pytest.mark.parametrize("babble", ["哐哐当当", "嘚啵嘚啵", "咕咚咚"])
def test_babble_means_nothing(model, executor, babble):
    assert parse(model, executor, babble)["intent"]["name"] == FALLBACK


def test_an_intent_written_out_is_read_as_rasa_reads_it(model, executor):
    parsed = parse(model, executor, '/inform{"department": "骨科"}')
    assert parsed["intent"]["name"] == "inform"
    assert [(e["entity"], e["value"]) for e in parsed["entities"]] == [("department", "骨科")]


def test_an_unknown_intent_written_out_is_a_fallback(model, executor):
    assert parse(model, executor, "/no_such_intent")["intent"]["name"] == FALLBACK


def test_an_empty_message_is_no_text(model, executor):
    assert parse(model, executor, "  ")["intent"]["name"] == "non_text"


def test_the_longest_word_of_a_table_wins_and_has_its_synonym(model, executor):
    parsed = parse(model, executor, "停车场和医保")
    found = [(e["entity"], e["value"], e["start"], e["end"]) for e in parsed["entities"]]
    assert found == [("topic", "parking", 0, 3), ("topic", "医保", 4, 6)]


def test_several_entities_at_one_place_are_all_kept(model, executor):
    both = [{"entity": "practitioner", "value": v, "start": 0, "end": 3} for v in ("p1", "p2")]
    parsed = parse(model, executor, "王医生", entities=both)
    assert [entity["value"] for entity in parsed["entities"]] == ["p1", "p2"]
