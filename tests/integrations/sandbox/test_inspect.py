"""Looking and driving by JSON."""

from __future__ import annotations

import asyncio

import httpx

from integrations.sandbox.world import World

from .conftest import BOT_TOKEN, Gateway


async def test_alive(sandbox: httpx.AsyncClient) -> None:
    assert (await sandbox.get("/health/live")).status_code == 200


async def test_waiting_for_an_answer(sandbox: httpx.AsyncClient) -> None:
    chat_id = (await sandbox.post("/inspect/telegram/users", json={})).json()["chat_id"]
    query = {"chat_id": chat_id, "after": 1, "wait_s": 5}
    waiting = asyncio.create_task(sandbox.get("/inspect/telegram", params=query))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    await sandbox.post(f"/telegram/bot{BOT_TOKEN}/sendMessage", json={"chat_id": chat_id, "text": "您好"})
    assert [message["text"] for message in (await waiting).json()["messages"]] == ["您好"]


async def test_both_apps_on_one_phone(sandbox: httpx.AsyncClient, world: World) -> None:
    one = (await sandbox.post("/inspect/wechat/users", json={"name": "陈晓"})).json()
    two = (await sandbox.post("/inspect/telegram/users", json={"person": one["person"]})).json()
    for name in ("person", "name", "phone", "id_number"):
        assert one[name] == two[name]
    person = world.people.get(one["person"])
    assert person is not None
    assert world.wechat.user(person).openid == one["openid"]
    assert world.telegram.chat(person).id == two["chat_id"]


async def test_not_waiting(sandbox: httpx.AsyncClient, gateway: Gateway) -> None:
    made = (await sandbox.post("/inspect/wechat/users", json={"wait": False})).json()
    assert made["delivery"] is None
    order = {"openid": made["openid"], "type": "text", "text": "您好", "wait": False}
    sent = (await sandbox.post("/inspect/wechat/messages", json=order)).json()
    assert set(sent) == {"entry", "msg_id"}


async def test_a_fault_is_code_delay_and_rate(sandbox: httpx.AsyncClient) -> None:
    order = {"platform": "wechat", "code": -1, "delay": 0.1, "rate": 0.5}
    [fault] = (await sandbox.post("/inspect/faults", json=order)).json()
    assert (fault["code"], fault["delay_s"], fault["rate"]) == (-1, 0.1, 0.5)
    assert (await sandbox.post("/inspect/faults", json=order | {"delay_s": 1})).status_code == 422


async def test_what_does_not_exist(sandbox: httpx.AsyncClient) -> None:
    assert (await sandbox.get("/inspect/wechat", params={"openid": "o"})).status_code == 404
    assert (await sandbox.get("/inspect/telegram", params={"chat_id": 1})).status_code == 404
    assert (await sandbox.post("/inspect/wechat/users", json={"person": "p0"})).status_code == 404
    made = (await sandbox.post("/inspect/wechat/users", json={})).json()
    twice = await sandbox.post("/inspect/wechat/users", json={"openid": made["openid"]})
    assert twice.status_code == 409
    order = {"openid": made["openid"], "type": "menu", "key": "nothing"}
    assert (await sandbox.post("/inspect/wechat/messages", json=order)).status_code == 404
