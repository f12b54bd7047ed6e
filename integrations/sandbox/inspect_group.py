"""The staff's group by JSON: look at its topics, and write there as a member of staff."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, Literal

from fastapi import APIRouter, HTTPException
from pydantic import Field

from integrations.sandbox import media
from integrations.sandbox.orders import MAX_WAIT, Order
from integrations.sandbox.telegram.group import Group
from integrations.sandbox.telegram.members import Members
from integrations.sandbox.telegram.updates import Delivery
from integrations.sandbox.waiting import taken
from integrations.sandbox.world import World


class GroupAction(Order):
    """What a member writes in a topic (0: General); edit needs `message_id`. The rest is an administrator's: kick (the
    bot) and admit, strip (of the right to manage topics) and grant, demote (to a mere member) and promote, topics_off
    and topics_on, delete_topic, delete (the group)."""

    type: Literal[
        "text", "photo", "document", "edit", "delete_topic", "kick", "admit", "strip", "grant", "demote", "promote",
        "topics_off", "topics_on", "delete",
    ]  # fmt: skip
    topic: int = 0
    user_id: int = 0
    name: str = "staff"
    text: str = ""
    content: str = ""
    message_id: int = 0
    anonymous: bool = False
    wait: bool = True
    wait_s: float = Field(default=30, gt=0, le=MAX_WAIT)


def router(world: World) -> APIRouter:
    routes = APIRouter(prefix="/inspect/telegram")
    members = Members(world.bot, world.updates)

    @routes.get("/group")
    async def look(after: int = 0, wait_s: float = 0) -> dict[str, Any]:
        """Its topics, and what was written in them after entry `after`."""
        group = _group(world)
        if wait_s > 0:
            await group.thread.answer_after(after, min(wait_s, MAX_WAIT))
        topics = [{"id": one.id, "name": one.name, "closed": one.closed} for one in group.topics.values()]
        said = [entry.as_json() for entry in group.thread.entries if entry.id > after]
        return {"id": group.id, "topics": topics, "pending": len(group.pending), "messages": said}

    @routes.post("/group")
    async def act(order: GroupAction) -> dict[str, Any]:
        group = _group(world)
        if order.type in _ADMINISTER:
            _ADMINISTER[order.type](group, order.topic)
            return {"topics": list(group.topics)}
        try:
            delivery = _write(group, members, order)
        except KeyError as error:
            raise HTTPException(404, "no such message, or no topic that is open") from error
        seen = {"message_id": int(group.thread.entries[-1].ref)}
        if delivery is None:
            return seen | {"taken": False, "attempts": []}
        return seen | (await taken(delivery, order.wait_s) if order.wait else delivery.as_json())

    return routes


_ADMINISTER: dict[str, Callable[[Group, int], object]] = {
    "delete_topic": lambda group, topic: group.topics.pop(topic, None),
    "kick": lambda group, _: setattr(group, "kicked", True),
    "admit": lambda group, _: setattr(group, "kicked", False),
    "strip": lambda group, _: setattr(group, "manages", False),
    "grant": lambda group, _: setattr(group, "manages", True),
    "demote": lambda group, _: setattr(group, "reads", False),
    "promote": lambda group, _: setattr(group, "reads", True),
    "topics_off": lambda group, _: setattr(group, "forum", False),
    "topics_on": lambda group, _: setattr(group, "forum", True),
    "delete": lambda group, _: setattr(group, "gone", True),
}


def _write(group: Group, members: Members, order: GroupAction) -> Delivery | None:
    user = {"id": order.user_id, "is_bot": False, "first_name": order.name}
    content = base64.b64decode(order.content)
    if order.type == "edit":
        return members.edit(group, order.message_id, user, order.text)
    body: dict[str, Any] = {"text": order.text}
    if order.type == "photo":
        body |= members.picture(content or media.sample_picture())
    elif order.type == "document":
        body |= members.document(content or b"%PDF-1.4\n")
    return members.write(group, order.topic, user, order.type, body, anonymous=order.anonymous)


def _group(world: World) -> Group:
    if world.bot.group is None:
        raise HTTPException(404, "TELEGRAM_STAFF_GROUP_ID is not set")
    return world.bot.group
