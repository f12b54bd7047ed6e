"""Pictures that staff send: of what was chosen for this talk, and nothing that hides in them."""

from __future__ import annotations

import asyncio
import io

from nicegui import ui
from PIL import Image
from sqlalchemy import text

from bot.desk.talks import hub as hubs
from bot.desk.talks.elements import ConversationList, Transcript
from bot.desk.talks.media import as_file
from bot.desk.talks.readable import EVERYTHING
from integrations.hospital.models import (
    Role,
)
from tests.bot.desk.talks.visiting import enter, one, sees, tell
from tests.waiting import until


async def test_only_pictures_leave_and_nothing_that_hides_in_them(desks, rt, queued, accept):
    """Uploads go by the browser's own way; a file's name and type are believed by nobody."""
    conversation = await queued()
    agent = await desks.enter(Role.AGENT)
    await accept(conversation, agent.member)
    await enter(agent)
    tell(agent, ConversationList, "choose", str(conversation))
    await sees(agent, "您接待中")
    at = one(agent, ui.upload).props["url"]
    drawn = io.BytesIO()
    Image.new("RGB", (30, 20), "teal").save(drawn, "PNG")
    script = b"<script>alert(1)</script>"

    async def send(content: bytes) -> None:
        answer = await agent.http.post(at, files={"file": ("lunch.png", content, "image/png")})
        assert answer.status_code == 200

    for content in (script, b"\x89PNG\r\n\x1a\n" + script):
        await send(content)
        await agent.told("只能发 JPG、PNG、GIF 图片")
        agent.user.notify.messages.clear()
    await send(drawn.getvalue() + script)
    said = one(agent, Transcript)
    await until(lambda: any(item["by"] == "staff" and item["medium"] for item in said.said))
    async with rt.database.begin() as session:
        [(medium, mime)] = (await session.execute(text("SELECT id, mime FROM media"))).all()
    shown = await agent.http.get(f"/talks/media/{conversation}/{medium}")
    assert (shown.headers["content-type"], mime) == ("image/png", "image/png")
    assert script not in shown.content
    assert "sandbox" in shown.headers["content-security-policy"]


async def test_a_picture_goes_to_the_talk_that_it_was_chosen_for(desks, rt, queued, accept):
    """It takes a while to come; another talk is shown by then."""
    first, second = await queued(sender="p1"), await queued(sender="p2")
    agent = await desks.enter(Role.AGENT)
    for conversation in (first, second):
        await accept(conversation, agent.member)
    await enter(agent)
    tell(agent, ConversationList, "choose", str(first))
    await sees(agent, "您接待中")
    at = one(agent, ui.upload).props["url"]
    tell(agent, ConversationList, "choose", str(second))
    await until(lambda: one(agent, ui.upload).props["url"] != at)
    drawn = io.BytesIO()
    Image.new("RGB", (30, 20), "teal").save(drawn, "PNG")
    answer = await agent.http.post(at, files={"file": ("report.png", drawn.getvalue(), "image/png")})
    assert answer.status_code == 200
    hub = hubs.of(desks.rt)
    [row] = await hub.read([first])
    async with asyncio.timeout(90):
        while not any(item.kind == "image" for item in await hub.items(row, EVERYTHING)):  # noqa: ASYNC110 (as above)
            await asyncio.sleep(0.02)
    async with rt.database.begin() as session:
        kept = list(await session.scalars(text("SELECT conversation_id FROM media")))
    assert kept == [first]


def test_what_a_browser_would_open_as_a_page_is_saved_to_a_file() -> None:
    for content in (b"<html><script>alert(1)</script>", b"%PDF-1.4", b"<svg onload=alert(1)>"):
        assert as_file(content).headers["content-disposition"] == "attachment", content
    assert "content-disposition" not in as_file(b"\x89PNG\r\n\x1a\n").headers
