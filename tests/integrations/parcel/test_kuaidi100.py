"""What Kuaidi100 is asked, what it answers, and what it pushes: right, junk, and lies."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlencode

import httpx
import pytest

from integrations.channel import Forbidden, Malformed, NotConfigured
from integrations.messages import Webhook
from integrations.parcel.interface import NothingKnown, Refused, Unavailable
from integrations.parcel.kuaidi100 import Kuaidi100
from integrations.tracking import ParcelState
from tests.contracts.platforms import settings

STEP = {"time": "2026-11-22 17:30:00", "ftime": "2026-11-22 17:30:00", "context": "【北京市】已揽收"}
ANSWER = {"message": "ok", "state": "0", "com": "shunfeng", "nu": "SF123456", "data": [STEP]}


def _tracker(answer: Any = None, seen: list[dict[str, str]] | None = None, **more: Any) -> Kuaidi100:
    def handle(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append({key: value[0] for key, value in parse_qs(request.content.decode()).items()})
            seen[-1]["path"] = request.url.path
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)

    known = {"kuaidi100_customer": "C", "kuaidi100_key": "K", "kuaidi100_salt": "S"} | more
    http = httpx.AsyncClient(transport=httpx.MockTransport(handle))
    return Kuaidi100(settings(kuaidi100_api_base="http://127.0.0.1:9500", **known), http=http)


def _push(param: Any, salt: str = "S", sign: str | None = None) -> Webhook:
    written = param if isinstance(param, str) else json.dumps(param, ensure_ascii=False)
    right = hashlib.md5((written + salt).encode()).hexdigest()  # noqa: S324
    return Webhook("POST", body=urlencode({"param": written, "sign": sign or right}).encode())


async def test_a_query_is_signed_and_its_answer_read_in_utc() -> None:
    seen: list[dict[str, str]] = []
    news = await _tracker(ANSWER, seen).query("shunfeng", "SF123456", phone="+8613812345678")
    assert (news.state, news.at) == (ParcelState.IN_TRANSIT, datetime(2026, 11, 22, 9, 30, tzinfo=UTC))
    [form] = seen
    assert form["sign"] == hashlib.md5(f"{form['param']}KC".encode()).hexdigest().upper()  # noqa: S324
    assert json.loads(form["param"])["phone"] == "13812345678"
    await _tracker(ANSWER | {"com": "ems"}, seen).query("ems", "SF123456", phone="+8613812345678")
    assert "phone" not in json.loads(seen[1]["param"])


@pytest.mark.parametrize(
    ("state", "meant"),
    [
        ("1", ParcelState.COLLECTED),
        ("3", ParcelState.SIGNED),
        ("301", ParcelState.SIGNED),
        ("1001", ParcelState.IN_TRANSIT),
        ("5", ParcelState.OUT_FOR_DELIVERY),
        ("206", ParcelState.PROBLEM),
        ("14", ParcelState.REFUSED),
        ("99999", None),
    ],
)
async def test_states(state: str, meant: ParcelState | None) -> None:
    news = await _tracker(ANSWER | {"state": state}).query("shunfeng", "SF123456", phone="")
    assert news.state is meant


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.ConnectError("down"), Unavailable),
        (httpx.ReadTimeout("slow"), Unavailable),
        (httpx.Response(502, text="gateway"), Unavailable),
        (httpx.Response(200, text="<html>"), Unavailable),
        ([], Unavailable),
        (ANSWER | {"nu": "SF000000"}, Unavailable),
        (ANSWER | {"data": [{"context": "x", "ftime": "yesterday"}]}, Unavailable),
        ({"result": False, "returnCode": "502", "message": ""}, Unavailable),
        ({"result": False, "returnCode": "500", "message": ""}, NothingKnown),
        ({"result": False, "returnCode": "503", "message": ""}, Refused),
        ({"result": False, "returnCode": "601", "message": ""}, Refused),
    ],
)
async def test_a_query_that_brings_nothing(answer: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        await _tracker(answer).query("shunfeng", "SF123456", phone="+8613812345678")


async def test_a_subscription_says_where_to_push_and_may_be_repeated() -> None:
    seen: list[dict[str, str]] = []
    for code in ("200", "501"):
        answer = {"result": code == "200", "returnCode": code, "message": ""}
        tracker = _tracker(answer, seen, public_url="https://hospital.example/")
        await tracker.subscribe("shunfeng", "SF123456", phone="+8613812345678")
    param = json.loads(seen[0]["param"])
    assert (seen[0]["path"], seen[0]["schema"], param["key"]) == ("/poll", "json", "K")
    assert param["parameters"]["callbackurl"] == "https://hospital.example/webhooks/kuaidi100"
    assert param["parameters"]["salt"] == "S"
    for code, error in (("600", Refused), ("500", Unavailable)):
        with pytest.raises(error):
            await _tracker({"result": False, "returnCode": code}).subscribe("ems", "E123456", phone="")


def test_a_push_is_believed_with_its_signature_only() -> None:
    tracker = _tracker()
    news = tracker.read(_push({"status": "polling", "lastResult": ANSWER}))
    assert (news.carrier, news.waybill, news.lost_track) == ("shunfeng", "SF123456", False)
    assert tracker.read(_push({"status": "abort", "lastResult": ANSWER})).lost_track
    signed = ANSWER | {"state": "3"}
    assert not tracker.read(_push({"status": "abort", "lastResult": signed})).lost_track
    with pytest.raises(Forbidden):
        tracker.read(_push({"lastResult": ANSWER}, salt="other"))
    with pytest.raises(Forbidden):
        tracker.read(_push({"lastResult": ANSWER}, sign="é"))
    with pytest.raises(NotConfigured):
        _tracker(kuaidi100_salt="").read(_push({"lastResult": ANSWER}))
    assert json.loads(tracker.received.body)["returnCode"] == "200"


@pytest.mark.parametrize(
    "param",
    ["{", "[]", "null", {}, {"lastResult": []}, {"lastResult": {"com": "x"}}]
    + [{"lastResult": ANSWER | {"data": data}} for data in ("junk", [1], [{"ftime": 5}], [STEP] * 501)],
)
def test_junk_with_a_right_signature_is_malformed(param: Any) -> None:
    with pytest.raises(Malformed):
        _tracker().read(_push(param))


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"param=1", b"sign=1&param=2&param=3", b"{}"])
def test_junk_without_a_form_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        _tracker().read(Webhook("POST", body=body))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-11-24 18", datetime(2026, 11, 24, 10, tzinfo=UTC)),
        ("2026-11-24 18:30", datetime(2026, 11, 24, 10, 30, tzinfo=UTC)),
        ("2026-11-24 18:30:00", datetime(2026, 11, 24, 10, 30, tzinfo=UTC)),
        ("2026-11-24", datetime(2026, 11, 24, 15, tzinfo=UTC)),  # by the end of that day
        ("2026-02-31 18", None),
        ("明天", None),
        (5, None),
        (None, None),
    ],
)
async def test_the_estimate_of_its_arrival_is_read_where_there_is_one(
    written: Any, expected: datetime | None
) -> None:
    told = ANSWER | {"arrivalTime": written}
    assert (await _tracker(told).query("shunfeng", "SF123456", phone="")).expected == expected
    assert _tracker().read(_push({"status": "polling", "lastResult": told})).expected == expected
