"""药到哪了, while the parcel service is down or asked too often: what is known is said, and since when. The service is
the sandbox's, with its protocol and its limits."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from integrations.hospital.delivery import shipping
from integrations.hospital.models import Handing
from integrations.parcel.kuaidi100 import Kuaidi100
from integrations.runtime import Runtime
from integrations.sandbox.app import create_app
from integrations.sandbox.options import Options
from integrations.settings import Settings
from tests.pharmacy_rows import NOW, Pharmacy

from .conftest import Clinic, Outside
from .medicines import client_of


@pytest.fixture
async def service(outside: Outside) -> AsyncIterator[httpx.AsyncClient]:
    """Kuaidi100 of the sandbox; its clock is the hospital's."""
    settings = Settings(
        _env_file=None, kuaidi100_api_base="http://sandbox/kuaidi100", kuaidi100_customer="C" * 32,
        kuaidi100_key="key", kuaidi100_salt="salt",
    )  # type: ignore[call-arg]  # fmt: skip
    app = create_app(settings, Options(), clock=lambda: outside.now, http=httpx.AsyncClient(), phone=False)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sandbox") as http:
        http.tracker = Kuaidi100(settings, http=http)  # type: ignore[attr-defined]
        yield http
    await app.state.world.close()


@pytest.fixture
def runtime(runtime: Runtime, service: Any) -> Runtime:
    return dataclasses.replace(runtime, parcels=service.tracker)


@pytest.mark.parametrize("fault", [{"code": 502}, {"code": "502"}], ids=["down", "asked too often"])
async def test_what_is_known_is_said_and_since_when(
    clinic: Clinic,
    runtime: Runtime,
    pharmacy: Pharmacy,
    outside: Outside,
    service: httpx.AsyncClient,
    fault: dict[str, Any],
) -> None:
    chat = await clinic.chat()
    _, made = await pharmacy.paid("AML", handing=Handing.DELIVERY, client=await client_of(chat))
    async with runtime.database.begin() as session:
        await shipping.ship(session, made, "ems", "EM12345678", actor="staff:counter", now=NOW)
    assert "快递已揽收，今天 9:00 更新" in (await chat.say("where_is_my_parcel")).text
    outside.now += timedelta(minutes=31)
    parcel = {"number": "EM12345678", "company": "ems", "push": False}
    (await service.post("/inspect/parcels", json=parcel)).raise_for_status()
    rule = {"platform": "kuaidi100", "operation": "query", "count": 1, **fault}
    (await service.post("/inspect/faults", json=rule)).raise_for_status()
    said = (await chat.say("where_is_my_parcel")).text
    assert "快递已揽收，今天 9:00 更新" in said
    assert "暂时没有回应，上面是目前知道的" in said
    outside.now += timedelta(minutes=31)
    said = (await chat.say("where_is_my_parcel")).text
    assert "在路上，今天 9:31 更新" in said
    assert "预计 11月24日（周二） 18:00 前送到，以快递为准" in said
    assert "没有回应" not in said
