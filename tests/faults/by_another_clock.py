"""python -m tests.faults.by_another_clock SECONDS -m MODULE …: runs a module whose clock is wrong by so much.

The program reads the clock at one place (`integrations.database.utcnow`) and hands it on; here it is another one.
"""

from __future__ import annotations

import runpy
import sys
import time
from datetime import timedelta

from integrations import database


def set_clock(seconds: float) -> None:
    wrong, now, wall = timedelta(seconds=seconds), database.utcnow, time.time
    database.utcnow = lambda: now() + wrong
    time.time = lambda: wall() + seconds


if __name__ == "__main__":
    _, by, _, module, *words = sys.argv
    set_clock(float(by))
    sys.argv = [module, *words]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
