"""Measures how questions about the hospital find their page: python -m tests.eval.questions [--wrong]

tests/eval/questions.tsv holds topic and question, written apart from the pages and their ways of asking; "-" marks
questions that no page may answer.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from integrations.hospital_pages import Pages
from integrations.hospital_pages.search import Answer, Search
from integrations.language.languages import detect

QUESTIONS = Path(__file__).with_name("questions.tsv")


def main(*options: str) -> None:
    rows = [line.split("\t") for line in QUESTIONS.read_text("utf-8").splitlines() if line]
    search = Search(Pages())
    for language in ("zh-Hans", "en"):
        search.index(language)
    begin = time.perf_counter()
    found = [search.answers(question, language_of(question)) for _, question in rows]
    each = (time.perf_counter() - begin) * 1000 / len(rows)
    results = list(zip(rows, found, strict=True))
    own = [(row, given) for row, given in results if row[0] != "-"]
    foreign = [row[1] for row in rows if row[0] == "-"]
    alone = [(row, given) for row, given in own if given.certain]
    print(f"{len(own)} questions: best page right {_rate(own, 1)}, right among those shown {_rate(own, 3)}")
    asked = sum(bool(given.matches) and not given.certain for _, given in own)
    print(
        f"  answered at once {len(alone)}, of these right {_rate(alone, 1)}; "
        f"asked back {asked}, no answer {sum(not given.matches for _, given in own)}"
    )
    print(f"{len(foreign)} foreign ones: ", end="")
    print(
        f"answered {sum(search.sure_answer(q, language_of(q)) is not None for q in foreign)}, or, were they taken "
    )
    taken = [search.answers(question, language_of(question)) for question in foreign]
    print(
        f"  for questions about the hospital, {sum(one.certain for one in taken)}, "
        f"and {sum(bool(one.matches) and not one.certain for one in taken)} asked back"
    )
    print(f"{each:.2f} ms each")
    if "--wrong" in options:
        for (topic, question), given in results:
            if (topic != "-" or given.certain) and topic not in [one.page.topic for one in given.matches[:1]]:
                print(topic, question, [(one.page.topic, round(one.score, 1)) for one in given.matches])


def language_of(question: str) -> str:
    return "en" if detect(question) == "en" else "zh-Hans"


def _rate(results: list[tuple[list[str], Answer]], most: int) -> str:
    right = sum(row[0] in [one.page.topic for one in given.matches[:most]] for row, given in results)
    return f"{right / len(results):.3f}"


if __name__ == "__main__":
    main(*sys.argv[1:])
