"""The hospital's public pages."""

import httpx
import pytest

from bot.pages.speech import LANGUAGES
from integrations.hospital_pages import Pages
from tests.bot.gateway import gateway_on


@pytest.fixture
async def browser(rt):
    async with gateway_on(rt) as app:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://hospital") as client:
            yield client


async def test_every_page_is_listed_and_opens_in_every_language(browser):
    for language in LANGUAGES:
        listed = await browser.get(f"/guide?lang={language}")
        assert f'<html lang="{language}">' in listed.text
        for topic in Pages().of(language):
            assert f'href="/guide/{topic}?lang={language}"' in listed.text
    for topic, page in Pages().of("en").items():
        shown = await browser.get(f"/guide/{topic}", headers={"accept-language": "en"})
        assert shown.status_code == 200
        assert page.title in shown.text.replace("&#39;", "'")
        assert "{hospital" not in shown.text


async def test_a_page_as_it_is_written(browser, rt):
    shown = await browser.get("/guide/parking?lang=zh-Hant")
    assert "<h1>停車</h1>" in shown.text
    assert "<h2>收費</h2>" in shown.text
    assert "每小時 5 元" in shown.text
    assert rt.settings.hospital_phone in (await browser.get("/guide/phone")).text


async def test_what_is_no_page(browser):
    for path in ("nothing", "..%2f..%2fdomain", "parking.en", "privacy.md", "x" * 100):
        assert (await browser.get(f"/guide/{path}")).status_code in (404, 422), path
