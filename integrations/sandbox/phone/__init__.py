"""The phone in the browser, made with NiceGUI; everything it needs comes from this process."""

from __future__ import annotations

from typing import Annotated

from fastapi import Cookie, FastAPI, Request, Response
from nicegui import ui

from integrations.sandbox.phone.page import Page
from integrations.sandbox.world import World


def mount(app: FastAPI, world: World) -> None:
    """Adds the page `/?person=…&app=…` and the pictures of Telegram to the application."""

    @app.get("/phone/files/{file_id}", include_in_schema=False)
    async def file(file_id: str) -> Response:
        found = world.bot.files.get(file_id)
        return Response(found.content, media_type=found.mime) if found else Response(status_code=404)

    @app.get("/phone/owner", include_in_schema=False)
    async def owner(person: str, known: bool = False, phone_of: Annotated[str, Cookie()] = "") -> Response:
        """Every patient has a phone of their own, and so cookies of their own: those of another one are cleared."""
        answer = Response(status_code=204)
        if known:
            answer.set_cookie("phone_of", person, path="/phone")
        elif phone_of != person:
            answer.headers["Clear-Site-Data"] = '"cookies"'
        return answer

    @ui.page("/", title=f"{world.settings.hospital_name} · 平台沙箱")
    async def page(request: Request) -> None:
        Page(world, request.query_params.get("person", ""), request.query_params.get("app", "wechat"))

    ui.run_with(app, show_welcome_message=False, reconnect_timeout=10)
