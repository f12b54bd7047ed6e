"""A desk in a browser, without the drawing: the page is fetched, its socket opened, what comes is looked through."""

from __future__ import annotations

import asyncio
import html
import json
import re
import time
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import UUID, uuid4

import aiohttp

from integrations.settings import Settings

_ELEMENTS = re.compile(r"parseElements\(String\.raw`(.*?)`\)", re.DOTALL)
_CLIENT = re.compile(r"'client_id': '([^']+)'")
_UPDATE = '42["update",'  # elements that were made after the page
_EVENT, _PING, _PONG, _OPEN, _CONNECT = "42", "2", "3", "0", "40"  # of engine.io and socket.io


@dataclass
class Screen:
    """An agent's open page."""

    client_id: str
    listeners: dict[str, tuple[int, str]]  # event → element and listener that take it
    socket: aiohttp.ClientWebSocketResponse
    _awaited: dict[str, asyncio.Future[float]] = field(default_factory=dict)

    @classmethod
    async def open(cls, http: aiohttp.ClientSession, settings: Settings, token: str) -> Self:
        """Raises RuntimeError when the desk does not let us in."""
        address = f"http://127.0.0.1:{settings.desk_port}"
        headers = {"Cookie": f"desk={token}", "Origin": address, "Sec-Fetch-Site": "same-origin"}
        async with http.get(f"{address}/talks", headers=headers, allow_redirects=False) as answer:
            page = await answer.text()
        elements, client = _ELEMENTS.search(page), _CLIENT.search(page)
        if not elements or not client:
            raise RuntimeError(f"no desk: {answer.status} {page[:300]}")
        asked = {"client_id": client[1], "next_message_id": "0", "implicit_handshake": "true"}
        asked |= {"document_id": str(uuid4()), "tab_id": str(uuid4()), "EIO": "4", "transport": "websocket"}
        socket = await http.ws_connect(
            f"{address}/_nicegui_ws/socket.io/",
            params=asked,
            headers=headers,
            max_msg_size=0,
        )
        await socket.receive_str()  # engine.io's greeting
        await socket.send_str(_CONNECT)
        return cls(client[1], _listeners(json.loads(html.unescape(elements[1]))), socket)

    async def read(self) -> None:
        """Until the socket is closed."""
        async for message in self.socket:
            frame = str(message.data)
            if frame == _PING:
                await self.socket.send_str(_PONG)
                continue
            if frame.startswith(_UPDATE):
                self.listeners |= _listeners(json.loads(frame[len(_EVENT) :])[1])
            for words in [one for one in self._awaited if one in frame]:
                self._awaited.pop(words).set_result(time.time())

    def awaited(self, words: str) -> asyncio.Future[float]:
        """When these words come, in seconds since the epoch."""
        return self._awaited.setdefault(words, asyncio.get_running_loop().create_future())

    async def choose(self, conversation_id: UUID) -> None:
        await self._emit("choose", str(conversation_id))

    async def say(self, conversation_id: UUID, words: str) -> None:
        await self._emit("send", {"id": str(conversation_id), "note": False, "text": words, "token": words})

    async def _emit(self, event: str, argument: Any) -> None:
        async with asyncio.timeout(30):
            while event not in self.listeners:  # noqa: ASYNC110 (the reader fills it)
                await asyncio.sleep(0.05)
        element, listener = self.listeners[event]
        content = {
            "id": element,
            "client_id": self.client_id,
            "listener_id": listener,
            "args": [json.dumps(argument)],
        }
        await self.socket.send_str(_EVENT + json.dumps(["event", content], ensure_ascii=False))


def _listeners(elements: dict[str, Any]) -> dict[str, tuple[int, str]]:
    return {
        event["type"]: (int(number), event["listener_id"])
        for number, element in elements.items()
        if isinstance(element, dict)
        for event in element.get("events", ())
        if event["type"] in ("choose", "send")
    }
