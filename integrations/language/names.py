"""Departments and doctors in what patients write, misspelt ones included.

The names come from the hospital's directory, so a new doctor is understood without training.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from integrations.language.english_names import RULED_OUT, EnglishNames
from integrations.language.lexicon import Lexicon, PractitionerName
from integrations.language.script import fold
from integrations.language.sounds import loosely, syllable
from integrations.language.spans import Span

_TITLES = "医生|大夫|医师|主任|教授|专家|院长|老师|博士"
_TITLE = re.compile(rf" ?(?:副?主任|主治)?(?:{_TITLES})")
_COMPOUND_SURNAMES = re.compile(
    "欧阳|上官|司马|诸葛|夏侯|皇甫|尉迟|公孙|慕容|令狐|长孙|宇文|司徒|司空|东方|独孤|南宫|端木|百里|呼延|轩辕"
)
# The hundred most common surnames and some more: what a misheard surname is written with.
_SURNAMES = frozenset(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜"
    "范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文章庄裘肖闫严付"
)
_SOME_DOCTOR = re.compile(
    rf"(?P<surname>[{''.join(sorted(_SURNAMES))}])(?P<given>[一-鿿]{{0,2}}?)(?:副?主任|主治)?(?:医生|大夫|医师|主任|教授)"
)


def starts_with_surname(words: str) -> bool:
    return words[:1] in _SURNAMES or bool(_COMPOUND_SURNAMES.match(words))


# In words that begin like a name: 高级医生, 马上, 周三.
_NO_GIVEN_NAME = re.compile(
    r"[的个位些家科级是有这那哪么什任牌上下病重便年资诊症看挂找约]|时$|^[一二三四五六日末]"
)
# Surnames that are little words too: 向医生咨询, 和医生说, 问医生.
_WORD_SURNAMES = frozenset("向和与从都应时问查常全成")
_BOUNDARY_BEFORE = re.compile(
    r"(?:^|[ ,，。、:：;；!?！？]|[挂看约找选要去到科的是给跟请叫换让退等抢]|候补|排队|取消|退掉|[换改]成"
    r"|医生|大夫|专家|主任|[上下]午|早上|晚上|[今明后]天|[周期拜][一二三四五六日天])$"
)
_BOUNDARY_AFTER = re.compile(r"$|[ ,，。、;；!?！？的号吧门吗呢在有]|可以|行|好")
_SAID_SURNAME = re.compile(r"姓(.{1,2})的$")
_NOT_DEPARTMENT = re.compile(r"[学技研普目幻]|可[能以是]")
# What is named only to be ruled out: 不看心内科了，看骨科. Not 要不要看心内科, 是不是骨科.
_RULED_OUT = re.compile(
    r"(?:(?<!要)不要|(?<!是)不是|(?<!看)不看|(?<!挂)不挂|不想|不用|不约|不去|别)[看挂约去要找换]?$"
)
# Words of complaints that departments go by as well: 呼吸 is one where a name stands, not in 呼吸不畅.
_ORDINARY = frozenset({"呼吸", "内分泌", "消化", "神经", "心脏", "调理"})
_ORDINARY_ENDS = re.compile(r"$|[ ,，。、;；!?！？]|的?号|门诊|[还有]{1,2}号|吧")
# What patients call several departments by, where the hospital has none of that very name.
_GROUPS = ("内科", "外科")
_LIKE_KE = frozenset("料枓抖斜蚪")  # looks like 科

Target = tuple[str, str]  # entity, id


@dataclass(frozen=True, slots=True)
class _Hit:
    start: int
    end: int
    rank: int  # 0 written right, 1 by sound, 2 by letters
    targets: frozenset[Target]


class NameIndex:
    """Finds the names of one lexicon. Built once for each lexicon; a look-up takes well under 1 ms.

    Written right, misheard (新内科) and mistyped (心血官内科) names are found; the longest wins. A
    surname with a title (王医生) stands for every doctor of that name, fewer when the text names a
    department too.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        self._departments_of = {p.id: frozenset(p.department_ids) for p in lexicon.practitioners}
        self._titles = {p.id: p.title for p in lexicon.practitioners}
        self._terms: dict[str, set[Target]] = defaultdict(set)
        self._sounds: dict[tuple[str, ...], set[str]] = defaultdict(set)
        self._gaps: dict[str, set[str]] = defaultdict(set)
        self._people: dict[str, set[Target]] = defaultdict(set)
        self._surnames: dict[str, set[Target]] = defaultdict(set)
        self._surname_sounds: dict[str, set[Target]] = defaultdict(set)
        self._people_sounds: dict[tuple[str, ...], set[str]] = defaultdict(set)
        for department in lexicon.departments:
            for term in (department.name, *department.aliases):
                self._add_department(fold(term).lower().strip(), department.id)
        for group in _GROUPS:
            if group not in self._terms:
                self._add_group(group, lexicon)
        for practitioner in lexicon.practitioners:
            self._add_practitioner(practitioner)
        self._english = EnglishNames(lexicon)
        self._characters = frozenset("".join(self._terms))
        self._term_windows = _Windows(self._terms)
        self._people_windows = _Windows(self._people)

    def find(self, text: str) -> list[Span]:
        """The entities department and practitioner with their ids as values; several candidates are
        several spans with the same ends. Left out is what is ruled out (不看心内科). Where no doctor is
        found, unknown_practitioner holds the words that name one the hospital does not have. `text` is
        simplified; positions are those of `text`."""
        text = fold(text).lower()
        hits = [*self._department_hits(text), *self._practitioner_hits(text)]
        hits += [_Hit(start, end, 0, targets) for start, end, targets in self._english.hits(text)]
        chosen: list[_Hit] = []
        for hit in sorted(hits, key=lambda hit: (hit.start, -hit.end, hit.rank)):
            if not chosen or hit.start >= chosen[-1].end:
                chosen.append(hit)
            elif (hit.start, hit.end, hit.rank) == (chosen[-1].start, chosen[-1].end, chosen[-1].rank):
                chosen[-1] = _Hit(hit.start, hit.end, hit.rank, chosen[-1].targets | hit.targets)
        unknown = self._unknown(text, chosen) if self._people else []
        return [*self._spans([hit for hit in chosen if not _ruled_out(text, hit.start)]), *unknown]

    def _unknown(self, text: str, chosen: list[_Hit]) -> list[Span]:
        found = _unknown_doctor(text, chosen)
        people = any(entity == "practitioner" for hit in chosen for entity, _ in hit.targets)
        if found or people or not (english := self._english.unknown(text)):
            return found
        start, end, words = english
        return [Span("unknown_practitioner", start, end, words.title())]

    def _add_department(self, term: str, department_id: str) -> None:
        if not term:
            return
        self._terms[term].add(("department", department_id))
        self._sounds[loosely(term)].add(term)
        if len(term) >= 4:
            for place in range(1, len(term) - 1):
                self._gaps[term[:place] + term[place + 1 :]].add(term)  # a character left out
                self._gaps[term[:place] + "*" + term[place + 1 :]].add(term)  # a wrong one
        if term.endswith("科") and len(term) >= 3:
            self._gaps[term[:-1] + "*"].add(term)

    def _add_group(self, group: str, lexicon: Lexicon) -> None:
        """内科 stands for every department called 心血管内科, 消化内科 … by its own name."""
        members = [one.id for one in lexicon.departments if fold(one.name).strip().endswith(group)]
        if members:
            self._terms[group] = {("department", one) for one in members}

    def _add_practitioner(self, practitioner: PractitionerName) -> None:
        name = fold(practitioner.name).lower().replace(" ", "")
        if len(name) < 2:
            return
        target = ("practitioner", practitioner.id)
        self._people[name].add(target)
        self._people_sounds[loosely(name)].add(name)
        surname = name[:2] if len(name) > 2 and _COMPOUND_SURNAMES.match(name) else name[:1]
        self._surnames[surname].add(target)
        self._surname_sounds[" ".join(map(syllable, surname))].add(target)

    # -- departments ----------------------------------------------------------------------------

    def _department_hits(self, text: str) -> Iterator[_Hit]:
        sounds = loosely(text)
        for start, end in self._term_windows.of(sounds):
            word = text[start:end]
            if word in self._terms:
                if word in _ORDINARY and not _ORDINARY_ENDS.match(text, end):
                    continue
                if not (word.endswith("科") and _NOT_DEPARTMENT.match(text, end)):
                    yield _Hit(start, end, 0, frozenset(self._terms[word]))
            elif terms := self._sounds.get(sounds[start:end]):
                if misheard := [term for term in terms if _sounds_meant(text, start, end, term)]:
                    yield _Hit(start, end, 1, self._targets(misheard))
            elif mistyped := self._mistyped(word):
                yield _Hit(start, end, 2, self._targets(mistyped))

    def _mistyped(self, word: str) -> set[str]:
        """The terms that a word misses by one character, which belongs to no department's name:
        神经外科 is never a misspelling of 神经内科."""
        if len(word) < 3:
            return set()
        found = set(self._gaps.get(word, ()))
        if word[-1] in _LIKE_KE:
            found |= self._gaps.get(word[:-1] + "*", set())
        for place in range(1, len(word) - 1):
            if word[place] not in self._characters:
                found |= self._gaps.get(word[:place] + "*" + word[place + 1 :], set())
        return found

    def _targets(self, terms: Iterable[str]) -> frozenset[Target]:
        return frozenset().union(*(self._terms[term] for term in terms))

    # -- doctors --------------------------------------------------------------------------------

    def _practitioner_hits(self, text: str) -> Iterator[_Hit]:
        sounds = loosely(text)
        for start, end in self._people_windows.of(sounds):
            title = _TITLE.match(text, end)
            if not title and sounds[start:end] not in self._people_sounds:
                continue
            word = text[start:end]
            names = [word] if word in self._people else self._similar_names(word, titled=bool(title))
            if names and (title or len(word) > 2 or _stands_alone(text, start, end)):
                rank = 0 if names == [word] else 1
                close = title.end() if title else end
                yield _Hit(start, close, rank, frozenset().union(*(self._people[name] for name in names)))
        for title in _TITLE.finditer(text):
            yield from self._by_surname(text, title)

    def _similar_names(self, word: str, *, titled: bool) -> list[str]:
        """Names that sound the same; before a title also those with one other character in the given name."""
        names = self._people_sounds.get(loosely(word), set())
        kept = [name for name in names if _equal(name, word) and (len(word) > 2 or name[0] == word[0])]
        if kept or not titled or len(word) < 3:
            return kept
        return [n for n in self._people if len(n) == len(word) == _equal(n, word) + 1 and n[0] == word[0]]

    def _by_surname(self, text: str, title: re.Match[str]) -> Iterator[_Hit]:
        """王医生, 汪大夫 (misheard), 姓王的医生."""
        for length in (2, 1):
            start = title.start() - length
            surname = text[max(0, start) : title.start()]
            said = _SAID_SURNAME.search(text, max(0, title.start() - 4), title.start())
            if said and length == 1:
                start, surname = said.start(), said[1]
            if start < 0 or len(surname) < length:
                continue
            if text[max(0, start - 1) : start] == surname:
                continue  # 谢谢医生
            if surname in _WORD_SURNAMES and not (_begins(text, start) and _ends(text, title.end())):
                continue
            if targets := self._surnames.get(surname):
                yield _Hit(start, title.end(), 0, self._with_title(targets, title[0]))
                return
            sound = " ".join(map(syllable, surname))
            heard = self._surname_sounds.get(sound) if surname in _SURNAMES and _begins(text, start) else None
            if heard and surname not in _WORD_SURNAMES:
                yield _Hit(start, title.end(), 1, self._with_title(heard, title[0]))
                return

    def _with_title(self, targets: set[Target], title: str) -> frozenset[Target]:
        """王主任 is one of the doctors with such a title, if there are any."""
        if "主任" not in title:
            return frozenset(targets)
        fitting = {target for target in targets if "主任" in self._titles[target[1]]}
        return frozenset(fitting or targets)

    def _spans(self, hits: list[_Hit]) -> Iterator[Span]:
        departments = {key for hit in hits for entity, key in hit.targets if entity == "department"}
        for hit in hits:
            for entity, key in sorted(self._working_in(departments, hit.targets)):
                yield Span(entity, hit.start, hit.end, key)

    def _working_in(self, departments: set[str], targets: frozenset[Target]) -> frozenset[Target]:
        """Of several doctors those of the departments that the text names, if there are any."""
        if len(targets) == 1 or not departments:
            return targets
        fitting = {
            (entity, key)
            for entity, key in targets
            if entity == "practitioner" and self._departments_of[key] & departments
        }
        return frozenset(fitting) or targets


class _Windows:
    """Where in a text a name may stand: every place with the sound of a first character, in every length
    that a name has, or a name with a character left out."""

    def __init__(self, names: Iterable[str]) -> None:
        lengths: dict[str, set[int]] = defaultdict(set)
        for name in names:
            shorter = {len(name) - 1} if len(name) >= 4 else set()
            lengths[loosely(name)[0]] |= {len(name), *shorter}
        self._lengths = {sound: sorted(found, reverse=True) for sound, found in lengths.items()}

    def of(self, sounds: tuple[str, ...]) -> Iterator[tuple[int, int]]:
        for start, sound in enumerate(sounds):
            for length in self._lengths.get(sound, ()):
                if start + length <= len(sounds):
                    yield start, start + length


def _equal(first: str, second: str) -> int:
    return sum(a == b for a, b in zip(first, second, strict=True))


def _begins(text: str, start: int) -> bool:
    return bool(_BOUNDARY_BEFORE.search(text[max(0, start - 2) : start]))


def _ends(text: str, end: int) -> bool:
    return bool(_BOUNDARY_AFTER.match(text, end)) and not _NOT_DEPARTMENT.match(text, end)


def _unknown_doctor(text: str, hits: Iterable[_Hit]) -> list[Span]:
    """王小二医生, of whom the lexicon knows nothing, when no doctor is found."""
    if any(entity == "practitioner" for hit in hits for entity, _ in hit.targets):
        return []
    for match in _SOME_DOCTOR.finditer(text):
        common = match["surname"] in {*_WORD_SURNAMES, match["given"][:1]} or _NO_GIVEN_NAME.search(
            match["given"]
        )
        if _begins(text, match.start()) and not common and not _ruled_out(text, match.start()):
            return [Span("unknown_practitioner", *match.span(), match[0])]
    return []


def _ruled_out(text: str, start: int) -> bool:
    return bool(_RULED_OUT.search(text[max(0, start - 4) : start]) or RULED_OUT.search(text[:start]))


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Whether a name of two characters, which may be an ordinary word (高峰), stands as a name does."""
    return (_begins(text, start) and _ends(text, end)) or text[max(0, start - 1) : start] in {*"挂约找科"}


def _sounds_meant(text: str, start: int, end: int, term: str) -> bool:
    """Whether a word that sounds like a department's name is one. Short ones sound like much else
    (女儿可以, 顾客), so they must stand where a name stands."""
    word = text[start:end]
    if word[-1] == "可" and text[max(0, start - 1) : start] not in {*"挂看约找去到"} and text.strip() != word:
        return False  # 精神可 says how one feels
    if not _equal(word, term) or _NOT_DEPARTMENT.match(text, end) or _NOT_DEPARTMENT.match(text, end - 1):
        return False
    return len(term) > 2 or (_begins(text, start) and _ends(text, end))
