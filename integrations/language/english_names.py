"""Departments and doctors as English writers name them: cardiology, heart doctor, Dr Wang, Wang Jianguo."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache

from pypinyin import lazy_pinyin

from integrations.language.languages import LATIN_WORD, english_words
from integrations.language.lexicon import Lexicon, PractitionerName

Target = tuple[str, str]  # entity, id
Hit = tuple[int, int, frozenset[Target]]

# Surnames whose reading is not the character's usual one.
_SURNAMES = {"曾": "Zeng", "单": "Shan", "仇": "Qiu", "解": "Xie", "查": "Zha", "朴": "Piao", "覃": "Qin", "区": "Ou",
             "任": "Ren", "盖": "Ge", "尉迟": "Yuchi", "洗": "Xian", "乐": "Yue", "华": "Hua"}  # fmt: skip
_COMPOUND = re.compile(
    "欧阳|上官|司马|诸葛|夏侯|皇甫|尉迟|公孙|慕容|令狐|长孙|宇文|司徒|司空|东方|独孤|南宫|端木|百里|呼延|轩辕"
)
_TITLE = r"(?:dr|doctor|doc|prof|professor|physician|chief|director)\b\.?(?: (?:dr|doctor)\b\.?)?"
_NAMED = re.compile(rf"\b{_TITLE} ?(?P<name>[a-z]{{2,}}(?: [a-z]{{2,}})?)\b", re.IGNORECASE)
_NAMED_AFTER = re.compile(r"\b(?P<name>[a-z]{2,}) (?:doctor|laoshi|yisheng|daifu)\b", re.IGNORECASE)
RULED_OUT = re.compile(
    r"(?:\bnot|\binstead of|\bno|\bother than|\bexcept|don['’]?t (?:want|need)(?: to (?:see|go to))?)(?: the| a"
    r"| an)? ?$",
    re.IGNORECASE,
)
# What stands for a department only beside "doctor", "department" and the like, or alone: heart, skin, teeth.
_EVERYDAY = frozenset(
    """heart skin eye eyes teeth tooth lung lungs stomach kidney kidneys bones cancer surgery diabetes thyroid
    hypertension digestion prostate er refill refills tumor tumour acupuncture gi""".split()  # noqa: SIM905
) | {"blood pressure"}
_BESIDE = re.compile(
    r" (?:dept|department|clinic|doctor|dr|specialist|section|outpatient|appointment|booking|one)\b",
    re.IGNORECASE,
)
_WISHED = re.compile(
    r"(?:^|\b(?:book|for|see|visit|to|want|need|about|department of|change to|switch to|is it|or|at|an?|the)) ?$",
    re.IGNORECASE,
)
_END = re.compile(
    r" ?(?:$|[,.;?!]|(?:please|pls|tomorrow|today|next|this|on|at|in the|for (?:me|my))\b|mon|tue|wed|thu|fri)"
)
_SHORTEST_MISSPELT = 6


@lru_cache(maxsize=4096)
def pinyin(name: str) -> str:
    """王建国 → Wang Jianguo; a name in Latin letters stays as it is"""
    if name.isascii():
        return name
    length = 2 if len(name) > 2 and _COMPOUND.match(name) else 1
    surname, given = name[:length], name[length:]
    read = _SURNAMES.get(surname) or "".join(lazy_pinyin(surname)).capitalize()
    return f"{read} {''.join(lazy_pinyin(given)).capitalize()}".strip()


class EnglishNames:
    """Finds the English names of one lexicon. Built once for each lexicon."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._terms: dict[str, set[Target]] = defaultdict(set)
        self._people: dict[str, set[Target]] = defaultdict(set)
        self._surnames: dict[str, set[Target]] = defaultdict(set)
        for department in lexicon.departments:
            for term in (department.name_en, *department.aliases_en):
                if plain := _plain(term):
                    self._terms[plain].add(("department", department.id))
        for practitioner in lexicon.practitioners:
            self._add_practitioner(practitioner)
        self._pattern = _any_of(self._terms)
        self._people_pattern = _any_of(self._people)
        self._misspelt: dict[str, set[str]] = defaultdict(set)
        for term in self._terms:
            if " " not in term and len(term) >= _SHORTEST_MISSPELT:
                for form in _shortened(term):
                    self._misspelt[form].add(term)

    def _add_practitioner(self, practitioner: PractitionerName) -> None:
        surname, _, given = (practitioner.name_en or pinyin(practitioner.name)).lower().partition(" ")
        target = ("practitioner", practitioner.id)
        syllables = " ".join(
            lazy_pinyin(practitioner.name[len(practitioner.name) - _given_length(practitioner.name) :])
        )
        forms = {f"{surname} {given}", f"{given} {surname}", f"{surname}{given}", f"{surname} {syllables}"}
        for form in forms:
            if given:
                self._people[form.strip()].add(target)
        self._surnames[surname].add(target)

    def hits(self, text: str) -> Iterator[Hit]:
        """Where names stand in a text, longest first at each place."""
        if not LATIN_WORD.search(text):
            return
        lowered = text.lower().replace("’", "'")
        yield from self._departments(lowered)
        yield from self._practitioners(lowered)

    def unknown(self, text: str) -> tuple[int, int, str] | None:
        """The words for a doctor whom the hospital does not have: Dr Smith."""
        for match in _NAMED.finditer(text):
            first = match["name"].split(" ")[0].lower()
            if first in self._surnames or first in english_words() or first in self._terms:
                continue
            end = match.end() if not any(w in english_words() for w in match["name"].lower().split(" ")[1:]) else (
                match.start("name") + len(first))  # fmt: skip
            return match.start(), end, text[match.start() : end]
        return None

    def _departments(self, text: str) -> Iterator[Hit]:
        found = list(self._pattern.finditer(text)) if self._pattern else []
        for match in found:
            term = match[0]
            if term in _EVERYDAY and not _is_meant(text, match.start(), match.end()):
                continue
            yield match.start(), match.end(), frozenset(self._terms[term])
        for word in LATIN_WORD.finditer(text):
            if len(word[0]) >= _SHORTEST_MISSPELT - 1 and word[0] not in english_words() | self._terms.keys():
                near = {term for form in _shortened(word[0]) for term in self._misspelt.get(form, ())}
                if near:
                    yield word.start(), word.end(), frozenset().union(*(self._terms[term] for term in near))

    def _practitioners(self, text: str) -> Iterator[Hit]:
        for match in self._people_pattern.finditer(text) if self._people_pattern else ():
            yield match.start(), match.end(), frozenset(self._people[match[0]])
        for match in (*_NAMED.finditer(text), *_NAMED_AFTER.finditer(text)):
            surname = match["name"].split(" ")[0]
            if surname in self._surnames and match["name"] not in self._people:
                end = match.start("name") + len(surname) if match.re is _NAMED else match.end()
                yield match.start(), end, frozenset(self._surnames[surname])


def _is_meant(text: str, start: int, end: int) -> bool:
    """Whether "heart" names the department: book heart, heart clinic, or alone; not "my heart hurts"."""
    alone = (
        not LATIN_WORD.sub("", text[:start] + text[end:]).strip(" .,!?")
        and len(text[:start] + text[end:]) < 2
    )
    return (
        alone or bool(_BESIDE.match(text, end)) or (bool(_WISHED.search(text[:start])) and _ends(text, end))
    )


def _ends(text: str, end: int) -> bool:
    return bool(_END.match(text, end))


def _given_length(name: str) -> int:
    return len(name) - (2 if len(name) > 2 and _COMPOUND.match(name) else 1)


def _plain(term: str) -> str:
    return term.lower().replace("’", "'").strip()


def _any_of(terms: dict[str, set[Target]]) -> re.Pattern[str] | None:
    """Whole words only: ent is no part of appointment."""
    if not terms:
        return None
    longest_first = sorted(terms, key=len, reverse=True)
    return re.compile(rf"(?<![a-z])(?:{'|'.join(map(re.escape, longest_first))})(?![a-z])")


def _shortened(word: str) -> set[str]:
    """The word and all it becomes with one letter left out: words that share one are a slip apart."""
    return {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}
