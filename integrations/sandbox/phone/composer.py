"""The line to write in, and the panel behind the plus sign."""

from __future__ import annotations

from collections.abc import Callable

from nicegui import events, ui

from integrations.sandbox.phone.parts import box, icon_button, mark

Say = Callable[[str], object]
SendFile = Callable[[bytes, str], object]


class Composer:
    """`say` gets what was written, `send_picture` the chosen file's content and type."""

    def __init__(self, say: Say, send_picture: SendFile, placeholder: str, extra: Callable[[], None]) -> None:
        self._say = say
        self._send_picture = send_picture
        self.on_edited: Callable[[], None] | None = None
        with box("composer"):
            extra()
            self.input = ui.textarea(placeholder=placeholder).props(
                'autogrow borderless dense rows=1 input-style="max-height:110px" enterkeyhint=send'
            )
            mark(self.input.classes("composer-input"), "message-input")
            self.input.on("keydown.enter.prevent", self.send)
            icon_button("add_circle_outline", "plus", "更多", self.toggle_panel)
            send = mark(box("send-button", tag="button").props('type=button aria-label="发送"'), "send")
            with send:
                ui.label("发送").classes("send-word")
                ui.icon("send").classes("send-icon")
            send.on("click", self.send)
        self.panel = box("plus-panel", "plus-panel")
        self.panel.set_visibility(False)
        # Hidden; opened by `pick`.
        self._upload = ui.upload(on_upload=self._uploaded, auto_upload=True, max_file_size=10 * 1024 * 1024)
        mark(self._upload.props("accept=image/*").classes("hidden"), "picture-upload")

    def send(self) -> None:
        text = (self.input.value or "").strip()
        if text:
            self.input.value = ""
            self._say(text)

    def fill(self, text: str) -> None:
        self.input.value = text
        self.input.run_method("focus")

    def toggle_panel(self) -> None:
        self.panel.set_visibility(not self.panel.visible)

    def close_panel(self) -> None:
        self.panel.set_visibility(False)

    def pick(self) -> None:
        self.close_panel()
        self._upload.run_method("pickFiles")

    async def _uploaded(self, event: events.UploadEventArguments) -> None:
        content = await event.file.read()
        self._upload.reset()
        self._send_picture(content, event.file.content_type or "image/jpeg")
