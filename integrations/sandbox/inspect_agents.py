"""WeChat's own agents by JSON: what they have of a patient, and what they do."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

from fastapi import APIRouter, HTTPException

from integrations.sandbox.inspect import wechat_user
from integrations.sandbox.orders import Order
from integrations.sandbox.wechat.account import WeChatUser
from integrations.sandbox.wechat.agents import Agents
from integrations.sandbox.wechat.patient import Pending
from integrations.sandbox.world import World


class AgentAction(Order):
    """`agent` is who does it (accept), or who gets the patient (switch)."""

    openid: str
    type: Literal["accept", "say", "switch", "close"]
    agent: str = "kf2001@renhe"
    text: str = ""


def router(world: World) -> APIRouter:
    routes = APIRouter(prefix="/inspect/wechat")
    agents = Agents(world.wechat)

    @routes.get("/agents")
    async def look(openid: str) -> dict[str, Any]:
        """Whether the patient waits, who has them, and what agents have seen of them."""
        user = wechat_user(world, openid)
        user.native.has(world.clock())
        return user.native.as_json()

    @routes.post("/agents")
    async def act(order: AgentAction) -> dict[str, Any]:
        user = wechat_user(world, order.openid)
        try:
            pending = _do(agents, user, order)
        except KeyError as error:
            raise HTTPException(409, "an agent has the patient already, or none has") from error
        delivery = await asyncio.shield(pending) if pending else None
        return user.native.as_json() | {"delivery": delivery.as_json() if delivery else None}

    return routes


def _do(agents: Agents, user: WeChatUser, order: AgentAction) -> Pending | None:
    match order.type:
        case "accept":
            return agents.accept(user, order.agent)
        case "switch":
            return agents.switch(user, order.agent)
        case "close":
            return agents.close(user)
    agents.say(user, order.text)
    return None
