"""The first rows of a list that may be long, together with how many it has in all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any


class Part[T](list[T]):
    """`total` counts the whole list; without it these rows are all there are."""

    def __init__(self, rows: Iterable[T] = (), total: int | None = None) -> None:
        super().__init__(rows)
        self.total = len(self) if total is None else total

    def each[U](self, made: Callable[[T], U]) -> Part[U]:
        """Of each row something made from it."""
        return Part(map(made, self), self.total)


def counted[T](rows: Sequence[Any], made: Callable[[Any], T]) -> Part[T]:
    """Of the rows of a statement that selects `count(*) OVER () AS total` beside what it limits."""
    return Part(map(made, rows), rows[0].total if rows else 0)
