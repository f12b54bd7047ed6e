"""Reads conversations aloud against a program that runs (`make run`): what was said, and what did not come.

.venv/bin/python -m tests.conversations tests/conversations/dialogs/booking/*.md [--var var] [--port-base 0]
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from bot.launching.up import Options
from integrations.catalogue import Texts
from tests.conversations.hospital import Hospital
from tests.conversations.playing import Played, Player
from tests.conversations.script import BadScript, read
from tests.stack import Stack


def main() -> int:
    parser = argparse.ArgumentParser(description="Plays written conversations on a running program.")
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--var", type=Path, default=Path("var"))
    parser.add_argument("--port-base", type=int, default=0)
    parser.add_argument("--only", default="", help="only titles that hold these words")
    parser.add_argument("--channel", default="")
    parser.add_argument("--failed", action="store_true", help="show only what did not go as written")
    asked = parser.parse_args()
    options = Options(asked.var, sandbox=True, port_base=asked.port_base or None)
    try:
        written = [one for file in asked.files for one in read(file) if asked.only in one.title]
    except BadScript as problem:
        print(problem)
        return 2
    cases = [(one, channel) for one in written for channel in one.channels if asked.channel in channel]
    address = f"http://127.0.0.1:{options.settings().sandbox_port}/inspect"
    with httpx.Client(base_url=address, timeout=60) as sandbox, ThreadPoolExecutor(16) as pool:
        stack = Stack(options, sandbox)
        hospital, texts = Hospital(stack), Texts.load()

        def play(case: tuple) -> Played:
            return Player(stack, hospital, texts, *case).play()

        missed = 0
        for (one, channel), played in zip(cases, pool.map(play, cases), strict=True):
            missed += bool(played.missed)
            if played.missed or not asked.failed:
                print(f"\n## {one.title} ({channel}){' ✗' if played.missed else ''}\n{played}")
    print(f"\n{len(cases)} conversations, {missed} not as written")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
