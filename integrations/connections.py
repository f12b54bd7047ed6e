"""How many connections to Postgres each process opens at most; docs/scaling.md adds them up."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pools:
    """Of one process: connections for fixed statements (`Database.transaction`), and for the ORM's sessions
    (`Database.begin`), of which half stay open."""

    fixed: int
    sessions: int

    @property
    def most(self) -> int:
        return self.fixed + self.sessions


GATEWAY = Pools(
    fixed=20, sessions=10
)  # messages are accepted by fixed statements; pages and health use sessions
WORKER = Pools(
    fixed=32, sessions=12
)  # two for each of its sixteen turns; tokens, sweeps and news use sessions
ACTIONS = Pools(fixed=2, sessions=28)  # sessions alone: one at a time for each turn of two workers
DESK = Pools(fixed=4, sessions=16)  # a page's clicks and looks are short
HEARS = 1  # of a desk: for what Postgres itself tells (Database.hearing)
COMMAND = Pools(fixed=1, sessions=4)  # of the operator
RASA = 4  # dialogs/components/tracker_store.py
RESERVE = 10  # for commands, migrations, and whoever looks at the database


def most(*, gateways: int, workers: int, actions: int, desks: int, rasas: int) -> int:
    """What so many processes hold at the very worst, with the reserve."""
    pools = (
        gateways * GATEWAY.most + workers * WORKER.most + actions * ACTIONS.most + desks * (DESK.most + HEARS)
    )
    return pools + rasas * RASA + RESERVE
