"""Notices against the played WeChat, over real connections: both sides keep to the same rules."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from bot.launching.secrets import SANDBOX
from integrations.channel import NoticeFaulty, NoticeRefused, SendError, Unavailable, Unknown, Unreachable
from integrations.database import utcnow
from integrations.messages import Notice, NoticeFate, NoticeNews
from integrations.sandbox.wechat.templates import SUBSCRIPTIONS, TEMPLATE_MESSAGES
from integrations.wechat.channel import WeChatChannel
from tests.contracts import test_channels_in_sandbox as played
from tests.contracts.test_channels_in_sandbox import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")
stage = played.stage  # the fixture: a sandbox of our own

USUAL = next(iter(TEMPLATE_MESSAGES))
ALLOWED = next(iter(SUBSCRIPTIONS))
FIELDS = '{"thing1": "words", "character_string2": "number", "time3": "time"}'


@dataclass
class Account:
    """A patient who follows, and the channel with one kind of notices."""

    stage: Stage
    channel: WeChatChannel
    openid: str

    async def tell(self, words: str = "您的预约已确认", *, client_id: str = "row", **more: Any) -> str:
        notice = Notice("appointment_booked", words, utcnow(), number="O20261122001")
        return await self.channel.notify(more.get("openid", self.openid), notice, client_id=client_id)

    async def does(self, what: str, **more: Any) -> None:
        await self.stage.order("wechat/messages", type=what, openid=self.openid, **more)

    async def sees(self) -> list[dict[str, Any]]:
        seen = await self.stage.sandbox.get("/inspect/wechat", params={"openid": self.openid})
        return [entry for entry in seen.json()["messages"] if entry["kind"] == "service_notice"]

    async def hears(self) -> NoticeNews:
        """The next news of the platform."""
        for _ in range(4500):
            for read in self.stage.program.read:
                if read.news and read.sender == self.openid:
                    self.stage.program.read.remove(read)
                    return read.news[0]
            await asyncio.sleep(0.02)
        raise AssertionError("the platform told nothing")


async def _account(stage: Stage, valkey: str, mode: str, template: str) -> AsyncIterator[Account]:
    redis = Redis.from_url(valkey)
    templates = f'{{"*": {{"id": "{template}", "fields": {FIELDS}}}}}'
    settings = stage.settings.model_copy(update={"wechat_notice": mode, "wechat_notice_templates": templates})
    channel = WeChatChannel(settings, http=stage.http, redis=redis)
    made = await stage.order("wechat/users", name="王小明")
    stage.program.read.clear()
    yield Account(stage, channel, made["openid"])
    await redis.aclose()


@pytest_asyncio.fixture(loop_scope="module")
async def account(stage: Stage, valkey: str) -> AsyncIterator[Account]:
    async for made in _account(stage, valkey, "template", USUAL):
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def subscription(stage: Stage, valkey: str) -> AsyncIterator[Account]:
    async for made in _account(stage, valkey, "subscription", ALLOWED):
        yield made


async def test_a_template_message_is_a_card_and_its_fate_is_told(account: Account) -> None:
    await account.stage.order("wechat/quota/shut", openid=account.openid)
    sent = await account.tell()
    (card,) = await account.sees()
    assert card["title"] == "预约服务通知"
    assert ["通知内容", "您的预约已确认"] in card["lines"]
    assert card["url"].endswith("/notice/appointment_booked?lang=zh-Hans")
    assert await account.hears() == NoticeNews(NoticeFate.DELIVERED, platform_id=sent, reason="success")


async def test_the_same_id_is_one_message(account: Account) -> None:
    first, again, other = [await account.tell(client_id=name) for name in ("r1", "r1", "r2")]
    assert first == again != other
    assert len(await account.sees()) == 2


async def test_a_lost_answer_is_repeated_without_a_second_card(account: Account) -> None:
    await account.stage.fault(platform="wechat", operation="template/send", drop_after_accept=True)
    with pytest.raises(Unknown):
        await account.tell(client_id="r1")
    await account.tell(client_id="r1")
    assert len(await account.sees()) == 1


@pytest.mark.parametrize(
    "words",
    ["", "二十一个字的通知内容是放不下的因为上限二十个字", "两行\n文字"],
    ids=["empty", "long", "lines"],
)
async def test_what_does_not_fit_the_field_is_refused(account: Account, words: str) -> None:
    with pytest.raises(NoticeFaulty):
        await account.tell(words)
    assert await account.sees() == []


async def test_only_followers_and_only_the_accounts_templates(
    account: Account, subscription: Account
) -> None:
    with pytest.raises(Unreachable):
        await account.tell(openid="oNobody")
    await account.does("unfollow")
    with pytest.raises(Unreachable):
        await account.tell()
    account.channel._templates = subscription.channel._templates  # of the other kind
    with pytest.raises(NoticeFaulty):
        await account.tell(openid=subscription.openid)


async def test_a_patient_who_refuses_notices_gets_none_and_we_hear_of_it(account: Account) -> None:
    await account.stage.order("wechat/notices/block", openid=account.openid)
    sent = await account.tell()
    assert await account.sees() == []
    assert await account.hears() == NoticeNews(
        NoticeFate.FAILED, platform_id=sent, reason="failed:user block"
    )


async def test_a_failure_inside_wechat_is_told_afterwards(account: Account) -> None:
    await account.stage.fault(platform="wechat", operation="notice/report")
    await account.tell()
    assert (await account.hears()).reason == "failed: system failed"


async def test_each_permission_is_good_for_one_notice(subscription: Account) -> None:
    with pytest.raises(NoticeRefused):
        await subscription.tell()
    await subscription.does("refuse")
    assert await subscription.hears() == NoticeNews(NoticeFate.REFUSED, ALLOWED)
    with pytest.raises(NoticeRefused):
        await subscription.tell()
    await subscription.does("permit")
    assert await subscription.hears() == NoticeNews(NoticeFate.GRANTED, ALLOWED)
    await subscription.tell()
    assert (await subscription.hears()).fate is NoticeFate.DELIVERED
    with pytest.raises(NoticeRefused):
        await subscription.tell()
    assert len(await subscription.sees()) == 1


async def test_a_permission_can_be_taken_back(subscription: Account) -> None:
    await subscription.does("permit")
    await subscription.hears()
    await subscription.does("revoke")
    assert await subscription.hears() == NoticeNews(NoticeFate.REVOKED, ALLOWED)
    with pytest.raises(NoticeRefused):
        await subscription.tell()


async def test_the_page_proves_itself_and_asks(subscription: Account) -> None:
    address = "https://hospital.test/notice/permission?x=1"
    key = await subscription.channel.page_key(address + "#end")
    config = {
        "appId": key.appid,
        "timestamp": key.timestamp,
        "nonceStr": key.nonce,
        "signature": key.signature,
    }
    check = subscription.stage.sandbox.post
    assert (await check("/wechat/open/config", json=config | {"url": address})).json() == {
        "errMsg": "config:ok"
    }
    wrong = (await check("/wechat/open/config", json=config | {"url": address + "2"})).json()
    assert "invalid signature" in wrong["errMsg"]
    assert (await check("/wechat/open/question", json=list(key.templates))).json() == ["服务进度提醒"]
    assert (await check("/wechat/open/question", json=["no-such-template"])).status_code == 400
    answer = {"openid": subscription.openid, "templates": list(key.templates), "accept": True}
    assert (await check("/wechat/open/answer", json=answer)).json() == {"errMsg": "subscribe:ok"}
    assert await subscription.hears() == NoticeNews(NoticeFate.GRANTED, ALLOWED)


FAULTS: list[tuple[dict[str, Any], type[SendError]]] = [
    ({"code": -1}, Unavailable),
    ({"code": 503}, Unavailable),
    ({"code": 47003}, NoticeFaulty),
    ({"code": 43101}, NoticeRefused),
]


@pytest.mark.parametrize(("rule", "expected"), FAULTS, ids=str)
async def test_faults_mean_what_they_should(
    account: Account, rule: dict[str, Any], expected: type[SendError]
) -> None:
    await account.stage.fault(platform="wechat", operation="template/send", **rule)
    with pytest.raises(SendError) as raised:
        await account.tell()
    assert type(raised.value) is expected


async def test_what_is_generated_for_the_sandbox_fits_its_account(account: Account) -> None:
    settings = account.stage.settings.model_copy(
        update={"wechat_notice": "template", "wechat_notice_templates": SANDBOX["WECHAT_NOTICE_TEMPLATES"]()}
    )
    account.channel = WeChatChannel(settings, http=account.stage.http, redis=None)
    await account.tell()
    await account.channel.notify(
        account.openid, Notice("identity_settled", "您的登记资料有了结果", utcnow()), client_id="r2"
    )
    assert len(await account.sees()) == 2
