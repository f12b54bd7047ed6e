from __future__ import annotations

import json
import logging
from typing import Any

import httpx
import pytest

from integrations.identity.interface import IdentityCheck, Outcome
from integrations.identity.tencent import TencentIdentity
from tests.contracts.platforms import settings

NAME, NUMBER = "王小明", "11010519491231002X"


def result(code: object) -> dict[str, Any]:
    return {"Response": {"Result": code, "Description": "…", "RequestId": "r"}}


def identity(answer: Any, seen: list[httpx.Request] | None = None) -> IdentityCheck:
    def handle(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)

    http = httpx.AsyncClient(transport=httpx.MockTransport(handle))
    return TencentIdentity(settings(identity_api_base="http://127.0.0.1:9500/identity"), http=http)


async def test_name_and_number_are_asked_for() -> None:
    seen: list[httpx.Request] = []
    assert await identity(result("0"), seen).check(NAME, NUMBER) is Outcome.MATCH
    (request,) = seen
    assert str(request.url) == "http://127.0.0.1:9500/identity/"
    assert (request.headers["x-tc-action"], request.headers["x-tc-version"]) == (
        "IdCardVerification",
        "2018-03-01",
    )
    assert json.loads(request.content) == {"IdCard": NUMBER, "Name": NAME}


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (result("0"), Outcome.MATCH),
        (result(0), Outcome.MATCH),
        (result("-1"), Outcome.MISMATCH),
        (result("-2"), Outcome.MISMATCH),
        (result("-3"), Outcome.MISMATCH),
        (result("-4"), Outcome.UNAVAILABLE),
        (result("-5"), Outcome.NO_RECORD),
        (result("-6"), Outcome.UNAVAILABLE),
        (result("-7"), Outcome.LIMIT),
        (result("17"), Outcome.UNAVAILABLE),
        (result(None), Outcome.UNAVAILABLE),
        ({"Response": {"Error": {"Code": "RequestLimitExceeded", "Message": NAME}}}, Outcome.UNAVAILABLE),
        (httpx.ConnectError("refused"), Outcome.UNAVAILABLE),
        (httpx.ReadTimeout("slow"), Outcome.UNAVAILABLE),
        (httpx.Response(500, text=NAME), Outcome.UNAVAILABLE),
        (httpx.Response(200, text="<html>"), Outcome.UNAVAILABLE),
    ],
)
async def test_every_answer_is_an_outcome(
    answer: Any, outcome: Outcome, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    assert await identity(answer).check(NAME, NUMBER) is outcome
    assert NAME not in caplog.text
    assert NUMBER not in caplog.text
