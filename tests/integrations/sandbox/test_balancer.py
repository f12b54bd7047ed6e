"""Webhooks go to several gateways in turn, and past one that is down."""

from __future__ import annotations

import httpx
import pytest

from integrations.sandbox.balancer import Balancer

ONE, TWO = "http://127.0.0.1:8000", "http://127.0.0.1:8020"


class Program(httpx.MockTransport):
    def __init__(self) -> None:
        super().__init__(self.answer)
        self.asked: list[str] = []
        self.down: set[int] = set()

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.port in self.down:
            raise httpx.ConnectError("refused", request=request)
        self.asked.append(f"{request.url.port}{request.url.path}")
        return httpx.Response(200, content=request.content)


async def test_in_turn_and_past_one_that_is_down() -> None:
    program = Program()
    async with httpx.AsyncClient(transport=Balancer(program, [ONE, TWO])) as http:
        for _ in range(3):
            answer = await http.post(f"{ONE}/webhooks/wechat", content=b"whole")
            assert answer.content == b"whole"
        assert program.asked == [f"{port}/webhooks/wechat" for port in (8000, 8020, 8000)]
        program.down = {8020}
        for _ in range(2):
            await http.post(f"{ONE}/webhooks/wechat")
        assert program.asked[3:] == ["8000/webhooks/wechat"] * 2
        program.down = {8000, 8020}
        with pytest.raises(httpx.ConnectError):
            await http.post(f"{ONE}/webhooks/wechat")


async def test_what_is_not_for_the_gateway_goes_its_way() -> None:
    program = Program()
    async with httpx.AsyncClient(transport=Balancer(program, [ONE, TWO])) as http:
        for _ in range(2):
            await http.get("http://127.0.0.1:9999/elsewhere")
    assert program.asked == ["9999/elsewhere"] * 2
