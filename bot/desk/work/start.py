"""Where staff begin: what waits in each of their queues, and for how long."""

from __future__ import annotations

from pathlib import Path

from nicegui import ui

from bot.desk.desk import Desk
from bot.desk.queue import times
from bot.desk.registry import PAGES, desk_page
from bot.desk.work import counts
from bot.desk.work.counts import Waiting

_STYLE = Path(__file__).with_name("start.css")
LOOKS_EVERY = 5.0


@desk_page("/start", title="start", icon="space_dashboard", group="talks")
async def start(desk: Desk) -> None:
    await Start(desk).show()


class Start:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._names = [name for name, right in counts.RIGHTS.items() if desk.may(right)]
        self._cards: dict[str, tuple[ui.element, ui.label, ui.label]] = {}
        self._waiting: list[Waiting] = []

    async def show(self) -> None:
        words = self._desk.words
        ui.add_css(_STYLE.read_text(encoding="utf-8"))
        ui.label(words("start.hello", name=self._desk.member.name)).classes("start-hello")
        if not self._names:
            ui.label(words("start.nothing_yours")).classes("start-soft")
            return
        with ui.element("div").classes("start-cards"):
            for name in self._names:
                self._card(name)
        await self._look(by_itself=False)
        ui.timer(LOOKS_EVERY, self._look, immediate=False)
        ui.timer(1.0, self._tick, immediate=False)

    def _card(self, name: str) -> None:
        page = PAGES.get(f"/{name}")
        with ui.link(target=f"/{name}").classes("start-card").mark(f"queue-{name}") as card:
            with ui.element("div").classes("start-card-head"):
                ui.icon(page.icon if page else "inbox")
                ui.label(self._desk.words(f"{name}.title"))
            count = ui.label("–").classes("start-count")
            oldest = ui.label("").classes("start-soft")
        self._cards[name] = card, count, oldest

    async def _look(self, *, by_itself: bool = True) -> None:
        try:
            async with self._desk.reading(by_itself=by_itself) as session:
                self._waiting = await counts.waiting(
                    session, self._names, self._desk.now(), self._desk.within, self._desk.member
                )
        except Exception as error:  # noqa: BLE001 - the desk says it; the next look comes by itself
            self._desk.tell(error)
            return
        self._tick()

    def _tick(self) -> None:
        now, words = self._desk.now(), self._desk.words
        for one in self._waiting:
            card, count, oldest = self._cards[one.name]
            age = (
                words("start.oldest", time=times.age(words, one.oldest, now))
                if one.oldest
                else words("start.none")
            )
            for label, said in ((count, str(one.count)), (oldest, age)):
                if label.text != said:
                    label.set_text(said)
            card.classes(add="busy" if one.count else "idle", remove="idle" if one.count else "busy")
