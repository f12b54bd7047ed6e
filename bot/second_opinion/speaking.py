"""What the second opinion says of a text, beside what the rules said.

Nobody's help may depend on it: where its file is missing or damaged, the rules work alone.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import structlog
from numpy.typing import NDArray

from bot.second_opinion.inputs import model_file
from bot.second_opinion.model import CLASSES, Model, read

log = structlog.get_logger()

_NONE, _, _URGENT, _CRISIS, _EMERGENCY = range(len(CLASSES))
ENOUGH = 4  # characters: 孩子 and 突然 alone say nothing
_held: list[Model] = []


def get_ready() -> None:
    """Reads the model that stands in its file; without one the rules are alone, and the log says so."""
    if _held:
        return
    try:
        found, why = read(model_file()), ""
    except OSError as error:  # of what it is made from
        found, why = None, repr(error)
    if found:
        _held.append(found)
    else:
        log.warning("red flags without a second opinion", error=why)


def hold(model: Model | None) -> None:
    """This model speaks from now on; None: the rules alone."""
    _held[:] = [model] if model else []
    _likely.cache_clear()


@lru_cache(maxsize=8)  # of one look: it asks again about the same words
def _likely(text: str) -> NDArray[np.float64]:
    return _held[0].likely(text)


def harmless(text: str, *, alone: bool) -> bool:
    """Whether the model is sure that a plain text calls for nothing. `alone`: nothing else speaks against the rule that
    rings, so that it has to be surer."""
    if not _held:
        return False
    bounds = _held[0].bounds
    return bool(_likely(text)[_NONE] >= (bounds.certain if alone else bounds.harmless))


def opinion(text: str, *, doubted: bool, wishes: bool) -> str:
    """The name of what the model sees in a plain text (bot.red_flags.reading.OPINIONS), "" for nothing. `doubted`: the
    rules found a sign and what takes its weight, or are only mildly worried; `wishes`: a number or a department is
    asked for, so that no question is in place.

    A life that is likely in danger, but not likely enough, is a question, which brings the number along."""
    if not _held or len(text) < ENOUGH:
        return ""
    bounds, likely = _held[0].bounds, _likely(text)
    life = likely[_CRISIS] + likely[_EMERGENCY]
    if life >= (bounds.overrule if doubted else bounds.life):
        mind = likely[_CRISIS] > likely[_EMERGENCY]
        return "model.crisis" if mind else "model.emergency"
    if doubted:
        return ""
    if likely[_URGENT] > life and likely[_URGENT] + life >= bounds.today:
        return "model.urgent"
    if 1 - likely[_NONE] >= bounds.ask and not wishes:
        mind = likely[_CRISIS] > likely[_EMERGENCY] + likely[_URGENT]
        return "model.check_mind" if mind else "model.check"
    return ""
