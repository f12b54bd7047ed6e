"""Ratings: one to five stars, and words beside them for who likes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from actions import own_words
from actions.forms import LONG_AWAY, Form, Outcome
from actions.revealing import account_of
from actions.turn import Reply, Turn
from integrations.hospital import ratings
from integrations.hospital.follow_up.correcting import corrects
from integrations.hospital.models import SubjectKind
from integrations.hospital.ratings import UNHAPPY, RatingView, TooLateToRate, UnknownRating
from integrations.language.script import normalise

_NUMBERS = {"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "满": 5} | {
    word: at for at, word in enumerate(("one", "two", "three", "four", "five"), 1)
}
_NUMBER = r"(?P<{name}>[1-5一二两三四五]|one|two|three|four|five)"
_STARS = re.compile(
    rf"^{_NUMBER.format(name='alone')}\W*$"
    rf"|(?<![\d.]){_NUMBER.format(name='before')} ?(?:颗?星|分(?!钟)|stars?|points?|/ ?5|out of)"
    r"|(?:评价|评分|打分|评|打|给|应该是|改[成为]|rate|rating|give|meant|should be)[^\d]{0,8}?"
    rf"{_NUMBER.format(name='after')}(?![\d.])"
    r"|(?P<full>满)分|^(?P<row>[★⭐]{1,5})",
    re.IGNORECASE,
)
_ALONE = re.compile(rf"{_NUMBER.format(name='alone')}\W*", re.IGNORECASE)
_BEGINS = re.compile(rf"{_NUMBER.format(name='alone')} ?(?:颗?星|分(?![钟之])|stars?\b)", re.IGNORECASE)
_EDGES = " ，,。.!！~、；;：:"
_NO_LETTERS = re.compile(r"[\W\d_]+")
_LEAST, _LEAST_ENGLISH = 5, 10  # letters of words that are worth keeping
_ANSWERS_WITHIN = timedelta(days=2)  # of the question: so long a bare number may be meant for it
_STOP = re.compile(
    r"(?:不用|别|不要|不想|以后别|停止).{0,6}(?:再)?(?:问|让我|收到|要我|发)?.{0,4}(?:评价|评分|打分|调查)"
    r"|(?:stop|don'?t|do not|no more).{0,12}(?:asking|ask|rating|ratings|survey|surveys)",
    re.IGNORECASE,
)
_RESUME = re.compile(
    r"(?:恢复|重新|可以再|继续).{0,4}(?:问|收)?.{0,2}(?:评价|评分|调查)|ask (?:me )?(?:for ratings )?again",
    re.IGNORECASE,
)


def stars_in(text: str) -> int:
    """5 in "评价5", "五星", "5/5"; 0 for none, or when it is no number from one to five."""
    found = _STARS.search(normalise(text).strip())
    if found is None:
        return 0
    if found["row"]:
        return len(found["row"])
    said = (found["alone"] or found["before"] or found["after"] or found["full"]).lower()
    return int(said) if said.isdecimal() else _NUMBERS[said]


def words_beside(text: str) -> str:
    """What a message with stars says besides: "5分，医生很耐心" praises the doctor; "" for no words worth keeping."""
    found = _STARS.search(normalise(text))
    rest = f"{text[: found.start()]}{text[found.end() :]}".strip(_EDGES) if found else ""
    return rest if len(_NO_LETTERS.sub("", rest)) >= (_LEAST_ENGLISH if rest.isascii() else _LEAST) else ""


async def answers_question(turn: Turn) -> bool:
    """Whether stars, said while nothing else is open, are those that the patient was asked for: a bare number, or a
    message that begins with them ("一星都嫌多")."""
    said = normalise(turn.text).strip()
    if not (_ALONE.fullmatch(said) or _BEGINS.match(said)):
        return False
    async with turn.runtime.database.begin() as session:
        found = await ratings.to_rate(session, await account_of(session, turn), turn.now)
    return found is not None and found.rated_at is None and turn.now - found.asked_at < _ANSWERS_WITHIN


class RatingForm(Form):
    """Stars first; then words, which may be left out."""

    form = "rating_form"
    slot = "rating"
    own = frozenset({"rate"})

    async def _inside(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        """Stars typed in any sentence are stars, and words for the open question are words."""
        typed = turn.asked == "rating_words" and own_words.tells(turn)
        if turn.away < LONG_AWAY and (typed or (turn.asked == "rating_stars" and stars_in(turn.text))):
            outcome = await self.step(turn, reply, draft)
            again = not outcome.understood and outcome.asked
            return await self._again(turn, reply, draft) if again else outcome
        return await super()._inside(turn, reply, draft)

    async def step(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        if (wanted := _wanted(turn.text)) is not None:
            return await self._want(turn, reply, wanted=wanted)
        back = turn.asked == "rating_words" and turn.intent == "go_back" and not own_words.tells(turn)
        put_right = turn.asked == "rating_words" and corrects(turn.text) and bool(stars_in(turn.text))
        if turn.asked == "rating_words" and not (turn.facts.stars or back or put_right):
            return await self._words(turn, reply, draft)
        if turn.asked and turn.intent in {"cancel", "deny", "go_back"} and not back:
            reply.say("say_rating_stopped")
            return Outcome.closed()
        found = await self._subject(turn, str(turn.facts.rating or draft.get("rating") or ""))
        if found is None:
            reply.say("say_rating_none")
            return Outcome.closed()
        if stars := turn.facts.stars or stars_in(turn.text):
            return await self._rate(turn, reply, found, stars)
        outcome = self._asking(turn, reply, found)
        outcome.understood = not turn.asked or back or turn.intent == "rate"
        return outcome

    async def ask(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        if turn.asked == "rating_words":
            reply.say("ask_rating_words")
            return Outcome(draft, turn.asked)
        found = await self._subject(turn, str(draft.get("rating") or ""))
        if found is None:
            reply.say("say_rating_none")
            return Outcome.closed()
        if found.stars != draft.get("stars"):  # given on its page meanwhile
            reply.say("say_rating_thanks")
            return Outcome.closed()
        return self._asking(turn, reply, found)

    async def _subject(self, turn: Turn, rating: str) -> RatingView | None:
        async with turn.runtime.database.begin() as session:
            account_id = await account_of(session, turn)
            return await ratings.to_rate(session, account_id, turn.now, UUID(rating) if rating else None)

    def _asking(self, turn: Turn, reply: Reply, found: RatingView) -> Outcome:
        reply.say("ask_rating_stars", what=_what(turn, found))
        for stars in range(1, 6):
            title = turn.words.texts.text("word_stars", stars="★" * stars)
            reply.offer(title, f'/rate{{"rating": "{found.id}", "stars": {stars}}}')
        return Outcome({"rating": str(found.id), "stars": found.stars}, "rating_stars")

    async def _rate(self, turn: Turn, reply: Reply, found: RatingView, stars: int) -> Outcome:
        try:
            async with turn.runtime.database.begin() as session:
                account_id = await account_of(session, turn)
                await ratings.rate(
                    session, found.id, account_id, stars, key=turn.key(f"rate {found.id}"), now=turn.now
                )
        except (TooLateToRate, UnknownRating):
            reply.say("say_rating_late")
            return Outcome.closed()
        if words_beside(turn.text) and not corrects(turn.text):
            return await self._words(turn, reply, {"rating": str(found.id)}, stars=stars)
        unhappy = stars <= UNHAPPY
        reply.say("say_rating_sorry" if unhappy else "say_rating_kept", stars="★" * stars)
        reply.say("ask_rating_words")
        if unhappy:
            _offer_help(turn, reply)
        return Outcome({"rating": str(found.id)}, "rating_words")

    async def _words(self, turn: Turn, reply: Reply, draft: Mapping[str, Any], *, stars: int = 0) -> Outcome:
        """`stars`: they came in the same message."""
        said = turn.text.strip()
        if said and own_words.tells(turn) and not own_words.is_done(said):
            words = await own_words.typed(turn, "rating")
            try:
                async with turn.runtime.database.begin() as session:
                    account_id, rating_id = await account_of(session, turn), UUID(str(draft["rating"]))
                    await ratings.add_words(
                        session,
                        turn.runtime.crypto,
                        rating_id,
                        account_id,
                        words,
                        key=turn.key("words"),
                        now=turn.now,
                    )
            except (TooLateToRate, UnknownRating):
                reply.say("say_rating_late")
                return Outcome.closed()
        elif not said and turn.intent not in {"affirm", "deny", "cancel"}:
            return Outcome(draft, turn.asked, understood=False)
        unhappy = 0 < stars <= UNHAPPY
        if stars:
            reply.say("say_rating_sorry" if unhappy else "say_rating_kept", stars="★" * stars)
        if unhappy:
            _offer_help(turn, reply)
        else:
            reply.say("say_rating_thanks")
        return Outcome.closed()

    async def _want(self, turn: Turn, reply: Reply, *, wanted: bool) -> Outcome:
        async with turn.runtime.database.begin() as session:
            await ratings.want(session, turn.contact_id, wanted=wanted)
        reply.say("say_rating_on" if wanted else "say_rating_off")
        return Outcome.closed()


def _offer_help(turn: Turn, reply: Reply) -> None:
    reply.offer(turn.words.texts.text("intent_complain"), "/complain")
    reply.offer(turn.words.texts.text("intent_talk_to_human"), '/talk_to_human{"purpose": "complaint"}')


def _wanted(text: str) -> bool | None:
    """Whether the message asks to be asked no more (False), or again (True)."""
    words = normalise(text)
    if _STOP.search(words):
        return False
    return True if _RESUME.search(words) else None


def _what(turn: Turn, found: RatingView) -> str:
    texts = turn.words.texts
    if found.subject_kind is SubjectKind.VISIT and found.date:
        return texts.text("word_rating_visit_on", day=turn.words.day(found.date))
    return texts.text(f"word_rating_{found.subject_kind}")
