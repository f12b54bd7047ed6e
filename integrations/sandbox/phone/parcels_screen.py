"""Parcels on their way to the phone's owner, and the courier's hand."""

from __future__ import annotations

from functools import partial

from nicegui import ui

from integrations.sandbox.kuaidi100.parcels import FINISHED, STATES, Parcel
from integrations.sandbox.people import Person
from integrations.sandbox.phone.parts import box, mark, words
from integrations.sandbox.world import World

# What the courier may do: the state ("" is the next step), its icon, its name.
STEPS = [
    ("", "skip_next", "下一站"),
    ("2", "report_problem", "出问题"),
    ("14", "block", "拒收"),
    ("6", "undo", "退回"),
]


class ParcelsScreen:
    def __init__(self, world: World, person: Person) -> None:
        self._world, self._person = world, person
        self._seen = -1
        with box("screen parcels", "parcels-screen"):
            with box("head"):
                words("快递", "head-title")
            self._list = box("chat-body parcel-list", "parcels")

    def refresh(self) -> None:
        parcels = self._world.kuaidi100.parcels
        if parcels.version == self._seen:
            return
        self._seen = parcels.version
        self._list.clear()
        # A parcel without a phone may be anybody's.
        mine = [one for one in parcels.all() if one.fits(self._person.phone)][::-1]
        with self._list:
            if not mine:
                with box("empty"):
                    ui.icon("local_shipping")
                    words("没有在路上的包裹")
            for parcel in mine[:20]:
                self._draw(parcel)

    def _draw(self, parcel: Parcel) -> None:
        with mark(box("parcel"), "parcel", number=parcel.number, state=parcel.state):
            with box("parcel-head"):
                words(f"{parcel.company_name} {parcel.number}", "parcel-name")
                words(STATES.get(parcel.state, "待揽收"), f"parcel-state s{parcel.state}")
            with box("tracks"):
                for track in parcel.tracks[::-1]:
                    at = track.at.astimezone(self._world.settings.zone)
                    with box("track"):
                        words(track.context, "track-words")
                        words(f"{at:%m-%d %H:%M:%S}", "track-time")
            if parcel.state not in FINISHED:
                with box("courier"):
                    words("快递员：", "fine")
                    for state, icon, title in STEPS:
                        button = box("courier-step", f"step-{state or 'next'}", "button").props("type=button")
                        with button:
                            ui.icon(icon)
                            words(title)
                        button.on("click", partial(self._step, parcel, state))

    def _step(self, parcel: Parcel, state: str) -> None:
        try:
            self._world.kuaidi100.step(parcel, state)
        except LookupError:
            ui.notify("它已经到了", type="warning")
