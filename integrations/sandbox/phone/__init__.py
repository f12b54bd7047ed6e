"""The phone in the browser, made with NiceGUI; everything it needs comes from this process."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response
from nicegui import ui

from integrations.sandbox.phone.page import Page
from integrations.sandbox.world import World


def mount(app: FastAPI, world: World) -> None:
    """Adds the page `/?person=…&app=…` and the pictures of Telegram to the application."""

    @app.get("/phone/files/{file_id}", include_in_schema=False)
    async def file(file_id: str) -> Response:
        found = world.bot.files.get(file_id)
        return Response(found.content, media_type=found.mime) if found else Response(status_code=404)

    @ui.page("/", title=f"{world.settings.hospital_name} · 平台沙箱")
    async def page(request: Request) -> None:
        Page(world, request.query_params.get("person", ""), request.query_params.get("app", "wechat"))

    ui.run_with(app, show_welcome_message=False, reconnect_timeout=10)
