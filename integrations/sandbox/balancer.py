"""Several gateways behind one address: what an operator's load balancer does for the platforms."""

from __future__ import annotations

from itertools import cycle

import httpx


class Balancer(httpx.AsyncBaseTransport):
    """Sends what is for the first gateway to each of them in turn; one that takes no connection is passed over."""

    def __init__(self, inner: httpx.AsyncBaseTransport, gateways: list[str]) -> None:
        self._inner = inner
        self._gateways = [httpx.URL(gateway) for gateway in gateways]
        self._turns = cycle(range(len(gateways)))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        first = self._gateways[0]
        if (request.url.host, request.url.port) != (first.host, first.port):
            return await self._inner.handle_async_request(request)
        turn, count = next(self._turns), len(self._gateways)
        for number in range(turn, turn + count):
            gateway = self._gateways[number % count]
            request.url = request.url.copy_with(host=gateway.host, port=gateway.port)
            try:
                return await self._inner.handle_async_request(request)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if number == turn + count - 1:
                    raise
        raise AssertionError("unreachable")

    async def aclose(self) -> None:
        await self._inner.aclose()
