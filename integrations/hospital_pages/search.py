"""From a question to a page: BM25 over the pages' words, and to the part of it that answers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import bm25s  # type: ignore[import-untyped]
import numpy as np

from integrations.catalogue import ENGLISH
from integrations.hospital_pages.pages import Page, Pages, Section, Stamp
from integrations.hospital_pages.words import words_of
from integrations.language.script import normalise

# How often the words of each part count.
_TITLE, _ASKED, _HEADING = 3, 2, 2
# Of BM25's score. The figures they were chosen by: docs/decisions/0034-hospital-pages.md.
_ENOUGH = 8.0  # a page with so much is the answer
_MAYBE = 3.5  # with less the patient is asked which page is meant, down to this
_SURE = 11.0  # the answer even where nobody said that the hospital is asked about
_NEAR = 0.82  # a page whose score comes this close to the best one's may be meant as well
_MOST = 3
_SCALE = {ENGLISH: 0.6}  # an English question has fewer words than a Chinese one pairs of characters
# What a question begins with beside the matter; "wait" asks for no waiting time.
_ASIDE = re.compile(
    r"^(?:(?:wait|hold on|hang on|sorry|excuse me|oh|ok(?:ay)?)\b[, ]*|(?:等等|等一下|稍等)[, ，]*)+",
    re.IGNORECASE,
)
_CLEARLY = 0.9  # about one word more than the first part holds


@dataclass(frozen=True, slots=True)
class Match:
    """A page that speaks of what was asked, and its part that says most about it."""

    page: Page
    section: Section
    score: float


@dataclass(frozen=True, slots=True)
class Answer:
    """The pages that speak of what was asked, best first; `certain` when it is the one, else the patient is asked."""

    matches: list[Match]
    certain: bool


class Index:
    """The pages of one language."""

    def __init__(self, pages: Sequence[Page]) -> None:
        self._pages = list(pages)
        self._bm25 = bm25s.BM25(k1=1.2, b=0.75)
        corpus = [_page_words(page) for page in self._pages]
        self._bm25.index(corpus, show_progress=False)
        self._held_by = Counter(word for words in corpus for word in set(words))
        self._parts = [
            [(frozenset(words_of(one.heading)), frozenset(words_of(one.text))) for one in page.sections]
            for page in self._pages
        ]

    def search(self, question: str, most: int = _MOST) -> list[Match]:
        """The best pages, best first."""
        words = list(dict.fromkeys(words_of(_ASIDE.sub("", normalise(question)))))
        known = [word for word in words if word in self._held_by]
        if not known:
            return []
        scores = self._bm25.get_scores(known)
        best = np.argsort(-scores, kind="stable")[:most]
        return [Match(self._pages[at], self._section(at, known), float(scores[at])) for at in best]

    def _section(self, at: int, words: Sequence[str]) -> Section:
        """The first one, unless another says more of the question, whatever the title says of it aside."""
        title, parts = set(words_of(self._pages[at].title)), self._parts[at]
        said = [word for word in words if word not in title]
        scores = [0.0] * len(parts)
        for word in said:
            holding = [part for part, (heading, text) in enumerate(parts) if word in heading or word in text]
            for part in holding:
                scores[part] += (2 if word in parts[part][0] else 1) / len(holding)
        best = scores.index(max(scores))
        return self._pages[at].sections[best if scores[best] > scores[0] + _CLEARLY else 0]


def _page_words(page: Page) -> list[str]:
    words = words_of(page.title) * _TITLE
    for one in page.asked:
        words += words_of(one) * _ASKED
    for section in page.sections:
        words += words_of(section.heading) * _HEADING + words_of(section.text)
    return words


class Search:
    """The indexes of a folder's pages, built anew when one of its files has changed."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._built: dict[str, tuple[Stamp, Index]] = {}

    def answers(self, question: str, language: str) -> Answer:
        """What the pages of a language (Chinese where there is no page in it) say to a question about the hospital."""
        matches, scale = self.index(language).search(question), _SCALE.get(language, 1.0)
        if not matches or matches[0].score < _MAYBE * scale:
            return Answer([], certain=False)
        if matches[0].score < _ENOUGH * scale:
            return Answer([one for one in matches if one.score >= _MAYBE * scale], certain=False)
        near = [one for one in matches if one.score >= _NEAR * matches[0].score]
        return Answer(near, certain=len(near) == 1)

    def sure_answer(self, text: str, language: str) -> Match | None:
        """The page that says what a message asks that may be about anything; None unless nearly in its very words."""
        answer, enough = self.answers(text, language), _SURE * _SCALE.get(language, 1.0)
        return answer.matches[0] if answer.certain and answer.matches[0].score >= enough else None

    def index(self, language: str) -> Index:
        pages = self._pages.of(language)
        known = self._built.get(language)
        if known is None or known[0] != self._pages.stamp:
            known = self._built[language] = (self._pages.stamp, Index(list(pages.values())))
        return known[1]
