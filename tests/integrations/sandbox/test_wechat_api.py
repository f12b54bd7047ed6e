"""WeChat's interfaces: tokens, customer-service messages with their quota, media, menu."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from integrations.sandbox.media import sample_picture
from integrations.sandbox.world import World

from .conftest import APPID, Clock, listening

CREDENTIAL = {"grant_type": "client_credential", "appid": APPID, "secret": "wechat-secret"}


async def stable(sandbox: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    answer = await sandbox.post("/wechat/cgi-bin/stable_token", json=CREDENTIAL | changes)
    assert answer.status_code == 200  # errors too
    return answer.json()


async def call(sandbox: httpx.AsyncClient, name: str, data: Any, token: str | None = None) -> dict[str, Any]:
    token = token or (await stable(sandbox))["access_token"]
    answer = await sandbox.post(f"/wechat/cgi-bin/{name}", params={"access_token": token}, json=data)
    assert answer.status_code == 200
    return answer.json()


async def follower(sandbox: httpx.AsyncClient) -> str:
    return (await sandbox.post("/inspect/wechat/users", json={})).json()["openid"]


def text(openid: str, content: str = "您好") -> dict[str, Any]:
    return {"touser": openid, "msgtype": "text", "text": {"content": content}}


async def said(sandbox: httpx.AsyncClient, openid: str) -> list[dict[str, Any]]:
    seen = (await sandbox.get("/inspect/wechat", params={"openid": openid})).json()
    return [message for message in seen["messages"] if message["side"] == "account"]


REFUSED = [
    ({"grant_type": "x"}, 40002),
    ({"appid": "wx1"}, 40013),
    ({"appid": ""}, 41002),
    ({"secret": "wrong"}, 40125),
    ({"secret": ""}, 41004),
]


async def test_wrong_credentials(sandbox: httpx.AsyncClient) -> None:
    for changes, code in REFUSED:
        assert (await stable(sandbox, **changes))["errcode"] == code


async def test_the_token_stays_until_its_last_minutes(sandbox: httpx.AsyncClient, clock: Clock) -> None:
    first = await stable(sandbox)
    assert first["expires_in"] == 7200
    clock.turn(seconds=6800)
    again = await stable(sandbox)
    assert again["access_token"] == first["access_token"]
    assert again["expires_in"] == pytest.approx(400, abs=3)
    clock.turn(seconds=200)
    renewed = await stable(sandbox)
    assert renewed["access_token"] != first["access_token"]
    # both work while the old one has not run out
    assert (await call(sandbox, "menu/delete", {}, first["access_token"]))["errcode"] == 0
    clock.turn(seconds=300)
    assert (await call(sandbox, "menu/delete", {}, first["access_token"]))["errcode"] == 42001
    assert (await call(sandbox, "menu/delete", {}, renewed["access_token"]))["errcode"] == 0


async def test_a_forced_refresh_ends_the_old_token(sandbox: httpx.AsyncClient, clock: Clock) -> None:
    first = (await stable(sandbox))["access_token"]
    forced = (await stable(sandbox, force_refresh=True))["access_token"]
    assert forced != first
    assert (await call(sandbox, "menu/delete", {}, first))["errcode"] == 40001
    # within half a minute nothing changes
    assert (await stable(sandbox, force_refresh=True))["access_token"] == forced
    for _ in range(19):
        clock.turn(seconds=31)
        assert "access_token" in await stable(sandbox, force_refresh=True)
    clock.turn(seconds=31)
    assert (await stable(sandbox, force_refresh=True))["errcode"] == 45009


async def test_calls_need_a_token_post_and_json(sandbox: httpx.AsyncClient) -> None:
    url = "/wechat/cgi-bin/message/custom/send"
    assert (await sandbox.post(url, json={})).json()["errcode"] == 41001
    assert (await call(sandbox, "message/custom/send", {}, "short"))["errcode"] == 40014
    assert (await call(sandbox, "message/custom/send", {}, "x" * 100))["errcode"] == 40001
    token = {"access_token": (await stable(sandbox))["access_token"]}
    assert (await sandbox.get(url, params=token)).json()["errcode"] == 43002
    assert (await sandbox.post(url, params=token, content=b"{")).json()["errcode"] == 47001
    assert (await sandbox.post(url, params=token)).json()["errcode"] == 44002
    assert (await sandbox.get("/wechat/cgi-bin/no/such", params=token)).json()["errcode"] == 40066


async def test_quota_five_for_a_message_and_then_used_up(sandbox: httpx.AsyncClient) -> None:
    openid = await follower(sandbox)
    await sandbox.post("/inspect/wechat/quota/shut", json={"openid": openid})
    assert (await call(sandbox, "message/custom/send", text(openid)))["errcode"] == 45015
    await sandbox.post("/inspect/wechat/messages", json={"openid": openid, "type": "text", "text": "您好"})
    codes = [(await call(sandbox, "message/custom/send", text(openid, str(n))))["errcode"] for n in range(6)]
    assert codes == [0, 0, 0, 0, 0, 45047]
    assert [message["text"] for message in await said(sandbox, openid)] == ["0", "1", "2", "3", "4"]


WINDOWS = [
    ({"type": "text", "text": "x"}, 5, {"hours": 48}),
    ({"type": "menu", "key": "book"}, 3, {"minutes": 1}),
    ({"type": "choice", "menu_id": "1", "text": "内科"}, 3, {"minutes": 1}),
    ({"type": "scan", "scene": "s"}, 3, {"minutes": 1}),
]


@pytest.mark.parametrize(("action", "count", "length"), WINDOWS)
async def test_every_action_opens_its_window(
    action: dict[str, str], count: int, length: dict[str, float], sandbox: httpx.AsyncClient, clock: Clock
) -> None:
    openid = await follower(sandbox)
    await call(sandbox, "menu/create", {"button": [{"type": "click", "name": "挂号", "key": "book"}]})
    await sandbox.post("/inspect/wechat/quota/shut", json={"openid": openid})
    await sandbox.post("/inspect/wechat/messages", json={"openid": openid, **action})
    quota = (await sandbox.get("/inspect/wechat", params={"openid": openid})).json()["quota"]
    assert quota["left"] == count
    assert (await call(sandbox, "message/custom/send", text(openid)))["errcode"] == 0
    clock.turn(**length)
    assert (await call(sandbox, "message/custom/send", text(openid)))["errcode"] == 45015


async def test_following_gives_three_in_a_minute(sandbox: httpx.AsyncClient, clock: Clock) -> None:
    openid = await follower(sandbox)
    codes = [(await call(sandbox, "message/custom/send", text(openid)))["errcode"] for _ in range(4)]
    assert codes == [0, 0, 0, 45047]


BAD_MESSAGES = [
    ({"text": {"content": ""}}, 44004),
    ({"text": {"content": "长" * 683}}, 45002),
    ({"touser": "nobody"}, 40003),
    ({"msgtype": "poem"}, 40008),
    ({"msgtype": "image", "image": {}}, 41006),
    ({"msgtype": "image", "image": {"media_id": "x"}}, 40007),
    ({"msgtype": "news", "news": {"articles": []}}, 44003),
    ({"msgtype": "news", "news": {"articles": [{}, {}]}}, 45008),
    ({"msgtype": "msgmenu", "msgmenu": {"list": []}}, 47001),
    ({"msgtype": "msgmenu", "msgmenu": {"head_content": "长" * 680, "list": [{"id": 1, "content": "长长长"}]}}, 45002),
]  # fmt: skip


async def test_what_is_not_taken(sandbox: httpx.AsyncClient) -> None:
    for changes, code in BAD_MESSAGES:
        openid = await follower(sandbox)
        assert (await call(sandbox, "message/custom/send", text(openid) | changes))["errcode"] == code
        assert await said(sandbox, openid) == []


async def test_who_left_cannot_be_written_to(sandbox: httpx.AsyncClient) -> None:
    openid = await follower(sandbox)
    await sandbox.post("/inspect/wechat/messages", json={"openid": openid, "type": "unfollow"})
    assert (await call(sandbox, "message/custom/send", text(openid)))["errcode"] == 43004


async def test_escaped_json_reaches_the_patient_as_backslashes(sandbox: httpx.AsyncClient) -> None:
    openid = await follower(sandbox)
    token = (await stable(sandbox))["access_token"]
    url = "/wechat/cgi-bin/message/custom/send"
    escaped = json.dumps(text(openid)).encode()
    await sandbox.post(url, params={"access_token": token}, content=escaped)
    assert (await said(sandbox, openid))[-1]["text"] == "\\u60a8\\u597d"


async def test_a_msgmenu_and_a_picture(sandbox: httpx.AsyncClient, clock: Clock) -> None:
    openid = await follower(sandbox)
    token = (await stable(sandbox))["access_token"]
    items = [{"id": "1", "content": "内科"}, {"id": "2", "content": "外科"}]
    menu = {"head_content": "请选择", "list": items, "tail_content": "回复数字也可以"}
    message = {"touser": openid, "msgtype": "msgmenu", "msgmenu": menu}
    assert (await call(sandbox, "message/custom/send", message))["errcode"] == 0
    assert (await said(sandbox, openid))[-1]["items"] == items

    query = {"access_token": token, "type": "image"}
    files = {"media": ("card.png", sample_picture(), "image/png")}
    uploaded = (await sandbox.post("/wechat/cgi-bin/media/upload", params=query, files=files)).json()
    message = {"touser": openid, "msgtype": "image", "image": {"media_id": uploaded["media_id"]}}
    assert (await call(sandbox, "message/custom/send", message))["errcode"] == 0

    get = {"access_token": token, "media_id": uploaded["media_id"]}
    found = await sandbox.get("/wechat/cgi-bin/media/get", params=get)
    assert found.content == sample_picture()
    assert found.headers["content-type"] == "image/png"
    clock.turn(days=3)
    get["access_token"] = (await stable(sandbox))["access_token"]
    assert (await sandbox.get("/wechat/cgi-bin/media/get", params=get)).json()["errcode"] == 40007


BAD_MENUS = [
    ([], 40016),
    ([{"type": "click", "name": "挂号", "key": "a"}] * 4, 40016),
    ([{"type": "click", "name": "一二三四五六", "key": "a"}], 40018),
    ([{"type": "jump", "name": "挂号"}], 40017),
    ([{"type": "click", "name": "挂号"}], 40019),
    ([{"type": "view", "name": "挂号"}], 40020),
    ([{"name": "挂号", "sub_button": [{"type": "click", "name": "a", "key": "a"}] * 6}], 40023),
]


async def test_menus_with_mistakes(sandbox: httpx.AsyncClient) -> None:
    for buttons, code in BAD_MENUS:
        assert (await call(sandbox, "menu/create", {"button": buttons}))["errcode"] == code


async def test_the_menu_is_kept(sandbox: httpx.AsyncClient) -> None:
    token = {"access_token": (await stable(sandbox))["access_token"]}
    assert (await sandbox.get("/wechat/cgi-bin/menu/get", params=token)).json()["errcode"] == 46003
    buttons = [{"type": "click", "name": "挂号", "key": "book"}]
    await call(sandbox, "menu/create", {"button": buttons})
    found = (await sandbox.get("/wechat/cgi-bin/menu/get", params=token)).json()
    assert found == {"menu": {"button": buttons}}


async def test_faults_on_demand(sandbox: httpx.AsyncClient) -> None:
    openid = await follower(sandbox)
    await stable(sandbox)
    fault = {"platform": "wechat", "operation": "custom/send", "code": -1, "count": 2}
    await sandbox.post("/inspect/faults", json=fault)
    codes = [(await call(sandbox, "message/custom/send", text(openid)))["errcode"] for _ in range(3)]
    assert codes == [-1, -1, 0]
    await sandbox.request("DELETE", "/inspect/faults")
    seeded = {"platform": "wechat", "operation": "menu/get", "code": 45009, "rate": 0.5, "seed": 7}
    await sandbox.post("/inspect/faults", json=seeded)
    token = {"access_token": (await stable(sandbox))["access_token"]}
    codes = [
        (await sandbox.get("/wechat/cgi-bin/menu/get", params=token)).json()["errcode"] for _ in range(40)
    ]
    assert 8 < codes.count(45009) < 32


async def test_dropped_after_it_was_accepted(sandbox: httpx.AsyncClient, world: World) -> None:
    """The connection closes without an answer, and yet the message is on the phone."""
    openid = await follower(sandbox)
    token = (await stable(sandbox))["access_token"]
    fault = {"platform": "wechat", "operation": "custom/send", "drop_after_accept": True}
    await sandbox.post("/inspect/faults", json=fault)
    async with listening(sandbox.app) as url, httpx.AsyncClient() as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.post(
                f"{url}/wechat/cgi-bin/message/custom/send", params={"access_token": token}, json=text(openid)
            )
    assert len(await said(sandbox, openid)) == 1


async def test_no_secret_in_the_log(sandbox: httpx.AsyncClient, world: World) -> None:
    token = (await stable(sandbox))["access_token"]
    openid = await follower(sandbox)
    await call(sandbox, "message/custom/send", text(openid))
    shown = (await sandbox.get("/inspect/log")).text
    assert token not in shown
    assert "wechat-secret" not in shown
