"""From a question to a page: BM25 over the pages' words, and to the part of it that answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import bm25s  # type: ignore[import-untyped]
import numpy as np

from integrations.hospital_pages.pages import Page, Pages, Section, Stamp
from integrations.hospital_pages.words import words_of
from integrations.language.script import normalise

# How often the words of each part count.
_TITLE, _ASKED, _HEADING = 3, 2, 2
_ENOUGH = 9.0  # of BM25's score: a page with less is not the answer
_SURE = 13.0  # the same, where nobody said that the hospital is asked about
_NEAR = 0.88  # a page whose score comes this close to the best one's may be meant as well
_MOST = 3


@dataclass(frozen=True, slots=True)
class Match:
    """A page that speaks of what was asked, and its part that says most about it."""

    page: Page
    section: Section
    score: float


class Index:
    """The pages of one language."""

    def __init__(self, pages: Sequence[Page]) -> None:
        self._pages = list(pages)
        self._bm25 = bm25s.BM25(k1=1.2, b=0.75)
        corpus = [_page_words(page) for page in self._pages]
        self._bm25.index(corpus, show_progress=False)
        self._held_by = Counter(word for words in corpus for word in set(words))

    def search(self, question: str, most: int = _MOST) -> list[Match]:
        """The best pages, best first."""
        words = list(dict.fromkeys(words_of(normalise(question))))
        known = [word for word in words if word in self._held_by]
        if not known:
            return []
        scores = self._bm25.get_scores(known)
        best = np.argsort(-scores, kind="stable")[:most]
        return [Match(self._pages[at], self._section(self._pages[at], known), float(scores[at])) for at in best]

    def _section(self, page: Page, words: Sequence[str]) -> Section:
        """The one that holds more of the question than the first one does; rare words say more."""

        def speaks_of(section: Section) -> float:
            heading, text = set(words_of(section.heading)), set(words_of(section.text))
            return sum(
                (1.5 if word in heading else 1.0) / self._held_by[word]
                for word in words
                if word in heading or word in text
            )

        first, *others = page.sections
        best = max(others, key=speaks_of, default=first)
        return best if speaks_of(best) > speaks_of(first) else first


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

    def answers(self, question: str, language: str, *, sure: bool = False) -> list[Match]:
        """One page, or two or three between which the patient has to choose; empty when none speaks of it. `sure`:
        where the message may be about anything."""
        matches = self.index(language).search(question)
        enough = _SURE if sure else _ENOUGH
        if not matches or matches[0].score < enough:
            return []
        return [one for one in matches if one.score >= max(enough, _NEAR * matches[0].score)]

    def index(self, language: str) -> Index:
        pages = self._pages.of(language)
        known = self._built.get(language)
        if known is None or known[0] != self._pages.stamp:
            known = self._built[language] = (self._pages.stamp, Index(list(pages.values())))
        return known[1]
