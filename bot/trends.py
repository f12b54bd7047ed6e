"""How a measurement went on, as a picture: numbers and days only, for its words stand in the message before it.

matplotlib is large and slow to load: it is loaded when the first picture is asked for."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from bot import media, outbox
from bot.outbox import Reply
from integrations.hospital.follow_up import measuring
from integrations.hospital.follow_up.hearing import acts_for
from integrations.hospital.follow_up.measuring import Taken
from integrations.hospital.follow_up.plans import plans
from integrations.hospital.models import HospitalEvent
from integrations.language.measurements import MeasurementKind
from integrations.messages import Picture
from integrations.runtime import Runtime

SHOWN = timedelta(days=90)
_SIZE, _DPI = (7.2, 4.0), 110
_LINES = ("#1f6feb", "#d1642b")
_USUAL = "#2da44e"

_EPOCH = text("SELECT epoch FROM controls WHERE conversation_id = :id")


async def show(session: AsyncSession, rt: Runtime, event: HospitalEvent) -> UUID | None:
    """Queues the picture that somebody asked for, when they still act for the patient."""
    patient_id, kind = UUID(event.payload["patient_id"]), MeasurementKind(event.payload["kind"])
    if not await acts_for(session, event.contact_id, patient_id):
        return None
    taken = await measuring.series(session, rt.crypto, patient_id, kind, rt.now() - SHOWN)
    if not taken:
        return None
    usual = {part: range_.usual for part, range_ in plans(rt.settings).rules.of(kind).ranges.root.items()}
    drawn = await asyncio.to_thread(draw, taken, usual, rt.zone)
    picture = await media.keep(session, rt.crypto, event.contact_id, drawn, rt.now())
    epoch = await session.scalar(_EPOCH, {"id": event.contact_id})
    await outbox.queue(session, rt.crypto, event.contact_id, [Reply("", picture=picture)], epoch=epoch)
    return None


def draw(
    taken: Sequence[Taken], usual: dict[str, tuple[float | None, float | None]], zone: ZoneInfo
) -> Picture:
    """One line for each part, the usual range as a band behind the first of them."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.dates import AutoDateLocator, DateFormatter, date2num
    from matplotlib.figure import Figure

    figure = Figure(figsize=_SIZE, dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    moments = [
        float(date2num(one.taken_at.astimezone(zone).replace(tzinfo=None)))  # type: ignore[no-untyped-call]
        for one in taken
    ]
    for part, colour in zip(_parts(taken[0].kind), _LINES, strict=False):
        values = [float(one.value[part]) for one in taken]
        axes.plot(moments, values, marker="o", markersize=5, linewidth=1.8, color=colour)
        axes.annotate(
            f"{values[-1]:g}",
            (moments[-1], values[-1]),
            xytext=(6, 4),
            textcoords="offset points",
            color=colour,
            fontsize=12,
            fontweight="bold",
        )
        for edge in usual.get(part, (None, None)):
            if edge is not None:
                axes.axhline(edge, color=_USUAL, linewidth=1, linestyle="--", alpha=0.7)
    axes.xaxis.set_major_locator(AutoDateLocator(minticks=2, maxticks=7))  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_formatter(DateFormatter("%m-%d"))  # type: ignore[no-untyped-call]
    axes.set_ylabel(taken[0].unit, fontsize=12)
    axes.tick_params(labelsize=12)
    axes.margins(x=0.08, y=0.15)
    axes.grid(visible=True, alpha=0.25)
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png")
    return Picture(drawn.getvalue())


def _parts(kind: MeasurementKind) -> tuple[str, ...]:
    return ("systolic", "diastolic") if kind is MeasurementKind.BLOOD_PRESSURE else ("value",)
