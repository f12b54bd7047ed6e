"""A small line of how a measurement went on."""

from __future__ import annotations

from collections.abc import Sequence

from nicegui import ui

_WIDTH, _HEIGHT, _EDGE = 300.0, 46.0, 4.0


def sparkline(taken: Sequence[Sequence[float]]) -> None:
    """Draws one line for each part of the values (upper and lower blood pressure), the oldest on the left."""
    every = [number for values in taken for number in values]
    low, high = min(every), max(every)
    parts = max(len(values) for values in taken)
    drawing = ui.element("svg").props(
        f'viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" preserveAspectRatio=none aria-hidden=true'
    )
    with drawing.classes("dz-trend"):
        for part in range(parts):
            points = _points([values[part] for values in taken if len(values) > part], low, high)
            line = ui.element("polyline").props("fill=none stroke=currentColor stroke-width=1.8")
            line.props["points"] = points
            line.props["vector-effect"] = "non-scaling-stroke"
            if part:
                line.props["stroke-opacity"] = ".45"


def _points(values: Sequence[float], low: float, high: float) -> str:
    if len(values) == 1:
        values = [values[0], values[0]]
    step = (_WIDTH - 2 * _EDGE) / (len(values) - 1)
    span = (high - low) or 1.0
    tall = _HEIGHT - 2 * _EDGE
    return " ".join(
        f"{_EDGE + at * step:.1f},{_HEIGHT - _EDGE - (value - low) / span * tall:.1f}"
        for at, value in enumerate(values)
    )
