"""What is read outside of the chat: the page behind a notice, and an SMS."""

import json
import re
from datetime import timedelta

import httpx

from bot import notices
from bot.app import create_app
from integrations.sms.tencent import TencentSms
from tests.bot.neutral_words import read_aloud
from tests.contracts.platforms import settings as platform_settings


async def test_the_page_behind_a_notice_is_neutral_and_leads_back(rt):
    app = create_app(rt.settings, rt)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as client,
    ):
        for kind in (*notices.KINDS, "something_new", "permission"):
            page = await client.get(f"/notice/{kind}")
            assert page.status_code == 200
            shown = re.sub(r"(?s)<style.*?</style>|<footer.*?</footer>|<[^>]+>", " ", page.text)
            assert read_aloud(shown.replace(rt.settings.hospital_name, "")) is None
            assert "聊天" in shown
            assert page.headers["cache-control"] == "no-store"


async def test_an_sms_holds_a_code_and_nothing_else():
    bodies = []

    def answer(request: httpx.Request) -> httpx.Response:
        bodies.append(json.loads(request.content))
        status = {"Code": "Ok", "Message": "", "SerialNo": "1", "PhoneNumber": "", "Fee": 1}
        return httpx.Response(200, json={"Response": {"SendStatusSet": [status], "RequestId": "r"}})

    about = platform_settings(
        sms_secret_id="i",
        sms_secret_key="k",
        sms_app_id="1",
        sms_sign_name="仁和互联网医院",
        sms_template_code="2",
    )
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        await TencentSms(about, http=http).send_code("+8613800138000", "482913")
    [body] = bodies
    assert all(re.fullmatch(r"\d{1,6}", value) for value in body["TemplateParamSet"])
    assert timedelta(minutes=int(body["TemplateParamSet"][-1])) <= timedelta(minutes=10)
