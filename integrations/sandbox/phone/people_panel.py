"""The patients to play: choose one, make one, and use their made-up papers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from nicegui import ui

from integrations.sandbox.people import Person
from integrations.sandbox.phone.parts import avatar, box, icon_button, mark, words
from integrations.sandbox.world import World

LISTED = 40


class PeoplePanel:
    def __init__(
        self, world: World, choose: Callable[[Person], None], fill: Callable[[str], None], testid: str = ""
    ) -> None:
        self._world = world
        self._choose = choose
        self._fill = fill
        self._prefix = testid
        self._shown: object = None
        with box("panel-head"):
            avatar("", 40, icon="local_hospital", color="linear-gradient(150deg,#2bb38a,#12806a)")
            with box():
                words(world.settings.hospital_name, "panel-title")
                words("平台沙箱 · 微信 Telegram 短信 支付 快递", "panel-subtitle")
        self._card = box("panel id-card", f"{testid}person-card")
        with box("panel grow"):
            with box("panel-bar"):
                words("患者", "panel-name")
                button = mark(box("new-person", tag="button").props("type=button"), f"{testid}new-person")
                with button:
                    ui.icon("person_add")
                    words("新患者")
                button.on("click", self._ask_new)
            self._list = box("people-list", f"{testid}people")
        self._dialog = self._new_dialog()

    def refresh(self, current: Person) -> None:
        people = self._world.people.newest(LISTED)
        shape = (current.key, current.name, [person.key for person in people])
        if shape == self._shown:
            return
        self._shown = shape
        self._draw_card(current)
        self._list.clear()
        with self._list:
            for person in people:
                self._line(person, person is current)

    def _line(self, person: Person, current: bool) -> None:
        line = box(f"person {'current' if current else ''}", f"{self._prefix}person-{person.key}", "button")
        with line.props("type=button"):
            avatar(person.name, 36, round_=True)
            with box("person-lines"):
                words(person.name, "person-name")
                words(person.phone, "person-phone")
        line.on("click", lambda: self._choose(person))

    def _draw_card(self, person: Person) -> None:
        self._card.clear()
        with self._card:
            words("这部手机的主人", "panel-name")
            for title, value, name in (
                ("姓名", person.name, "name"),
                ("手机号", person.phone, "phone"),
                ("身份证号", person.id_number, "id-number"),
            ):
                with box("fact"):
                    words(title, "fact-title")
                    words(value, "fact-value", f"{self._prefix}person-{name}")
                    fill = partial(self._fill, value)
                    icon_button("input", f"{self._prefix}fill-{name}", f"把{title}填进输入框", fill)
            words("人名、号码均为虚构，校验位有效", "fine")

    def _new_dialog(self) -> ui.dialog:
        with ui.dialog() as dialog, ui.card().classes("new-card"):
            words("新患者", "panel-title")
            self._name = mark(ui.input("姓名（留空则随机）").classes("w-full"), f"{self._prefix}new-name")
            self._phone = mark(ui.input("手机号（留空则随机）").classes("w-full"), f"{self._prefix}new-phone")
            words(
                "姓名首字决定身份核验的结果：错→不一致，无→查无此人，忙→服务异常，停→升级中，限→超过次数",
                "fine",
            )
            with ui.row().classes("w-full justify-end"):
                ui.button("取消", on_click=dialog.close).props("flat color=grey")
                create = ui.button("创建", on_click=self._create).props("unelevated color=teal")
                mark(create, f"{self._prefix}create-person")
        return dialog

    def _ask_new(self) -> None:
        self._name.value = self._phone.value = ""
        self._dialog.open()

    def _create(self) -> None:
        self._dialog.close()
        self._choose(self._world.people.make(self._name.value.strip(), self._phone.value.strip()))
