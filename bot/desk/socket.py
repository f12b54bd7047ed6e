"""Whom a socket may speak for. NiceGUI's own handlers take the page that a message names, and whoever has a socket may
name any; here a message counts for the page that its socket has joined, and for no other."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import structlog
from socketio import AsyncServer

log = structlog.get_logger()

# All that NiceGUI takes but joining a page, which it holds to the address of the socket.
_OF_A_PAGE = ("event", "javascript_response", "ack", "log")


def hold_to_their_pages(server: AsyncServer) -> None:
    handlers: dict[str, Callable[..., Any]] = server.handlers["/"]
    for name in _OF_A_PAGE:
        handlers[name] = _held(server, handlers[name])


def _held(server: AsyncServer, handle: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(handle)
    def only_of_its_page(sid: str, said: Any) -> Any:
        page = said.get("client_id") if isinstance(said, dict) else None
        if not isinstance(page, str) or page not in server.rooms(sid):
            log.warning("a socket spoke for a page that is not its own")
            return None
        return handle(sid, said)

    return only_of_its_page
