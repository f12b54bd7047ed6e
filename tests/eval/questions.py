"""Measures how questions about the hospital find their page: python -m tests.eval.questions [--wrong]

tests/eval/questions.tsv holds topic and question, written apart from the pages and their ways of asking; "-" marks
questions that no page may answer.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from integrations.hospital_pages import Pages
from integrations.hospital_pages.search import Match, Search
from integrations.language.languages import detect
from integrations.settings import Settings

QUESTIONS = Path(__file__).with_name("questions.tsv")


def main(*options: str) -> None:
    rows = [line.split("\t") for line in QUESTIONS.read_text("utf-8").splitlines() if line]
    search = Search(Pages(Settings()))
    for language in ("zh-Hans", "en"):
        search.index(language)
    begin = time.perf_counter()
    found = [search.answers(question, detect(question) or "zh-Hans") for _, question in rows]
    each = (time.perf_counter() - begin) * 1000 / len(rows)
    results = list(zip(rows, found, strict=True))
    own = [(row, given) for row, given in results if row[0] != "-"]
    foreign = [given for row, given in results if row[0] == "-"]
    print(f"{len(own)} questions: first {_rate(own, 1)}, among those offered {_rate(own, 3)}, ", end="")
    print(f"no answer {sum(not given for _, given in own)}, asked back {sum(len(given) > 1 for _, given in own)}")
    print(f"{len(foreign)} foreign ones: refused {sum(not given for given in foreign)}; {each:.2f} ms each")
    if "--wrong" in options:
        for (topic, question), given in results:
            if (topic != "-" or given) and topic not in [one.page.topic for one in given[:1]]:
                print(topic, question, [(one.page.topic, round(one.score, 1)) for one in given])


def _rate(results: list[tuple[list[str], list[Match]]], most: int) -> str:
    right = sum(row[0] in [one.page.topic for one in given[:most]] for row, given in results)
    return f"{right / len(results):.3f}"


if __name__ == "__main__":
    main(*sys.argv[1:])
