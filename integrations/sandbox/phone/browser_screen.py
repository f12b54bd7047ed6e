"""The phone's browser, which is not WeChat's: for an address that was copied there."""

from __future__ import annotations

from nicegui import ui

from integrations.sandbox.phone.parts import Open, box, mark, words


class BrowserScreen:
    def __init__(self, open_link: Open) -> None:
        self._open = open_link
        with box("screen browser", "browser-screen"):
            with box("head"):
                words("浏览器", "head-title")
            with box("scan-line"):
                self._address = ui.input(placeholder="粘贴网址").props("borderless dense")
                mark(self._address.classes("scan-input"), "address")
                self._address.on("keydown.enter", self._go)
                button = mark(box("scan-go", tag="button").props("type=button"), "address-go")
                with button:
                    ui.icon("arrow_forward")
                    words("打开")
                button.on("click", self._go)
            with box("empty"):
                ui.icon("public")
                words("微信里打不开的网址，复制到这里打开")

    def refresh(self) -> None:
        """Nothing changes here by itself."""

    def _go(self) -> None:
        address = (self._address.value or "").strip()
        if address.startswith(("http://", "https://")):
            self._open(address)
        elif address:
            ui.notify("网址以 http:// 或 https:// 开头", type="warning")
