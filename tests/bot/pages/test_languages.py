"""The pages speak the language of whose link it is: the form, every fault, the end, and what cannot be opened."""

import re

import httpx
import pytest
from sqlalchemy import text

from bot.pages.filled import CHOICES
from integrations.hospital import links
from integrations.language.languages import ENGLISH, LANGUAGES, SIMPLIFIED, TRADITIONAL
from tests.bot.gateway import gateway_on

from .conftest import CHILD, MOTHER, PASSPORT, PERSON, register

HAN = re.compile("[㐀-鿿]")


async def speak(page, language):
    async with page.rt.database.begin() as session:
        await session.execute(text("UPDATE conversations SET language = :language"), {"language": language})


def shown(response):
    """What a patient reads: words, hints, choices; without what they typed themselves."""
    body = re.sub(r"(?s)<style.*?</style>", "", response.text)
    hints = re.findall(r'placeholder="([^"]*)"', body)
    return " ".join([re.sub(r"<[^>]+>", " ", body), *hints])


def assert_speaks(response, language):
    assert f'<html lang="{language}">' in response.text
    words = shown(response)
    if language == ENGLISH:
        assert not HAN.search(words), HAN.findall(words)
        assert "In an emergency call" in words
    else:
        assert ("身體有急症" if language == TRADITIONAL else "身体有急症") in words


async def test_the_form_speaks_the_language_of_the_conversation(page):
    for language in LANGUAGES:
        await speak(page, language)
        response = await page.get("", headers={"accept-language": "fr"})
        assert_speaks(response, language)
        for entry, choices in CHOICES.items():
            assert entry == "relation" or all(f'value="{choice}"' in response.text for choice in choices)


async def test_traditional_characters_are_ours_and_what_was_typed_stays(page):
    await speak(page, TRADITIONAL)
    response = await page.post("", data=PERSON | {"name": "于晓余", "phone": "12", "action": "code"})
    assert 'value="于晓余"' in response.text
    assert "手機號" in response.text
    assert "仁和互聯網醫院" in response.text


FAULTY = [
    {"name": ""},
    {"name": "John Smith"},
    {"id_number": "1101051949"},
    {"id_number": "11010519491231002A"},
    {"id_number": "990105194912310020"},
    {"id_number": "810000199408230021"},
    {"id_number": "110105194913310020"},
    {"id_number": "110105194912310021"},
    {"id_number": "110101201503021013"},
    {"document": "residence_permit"},
    {"document": "hk_macau_permit"},
    {"document": "taiwan_permit"},
    {"document": "passport", "id_number": "E1"},
    {"document": "passport", "id_number": "E12345678", "sex": ""},
    {"document": "passport", "id_number": "E12345678", "sex": "male", "birth_date": "2999-01-01"},
    {"phone": "1380013"},
    {"phone": "010-88886666"},
    {"phone": "+1 202 555 0143"},
    {"phone": "+44 7911 123456"},
]


async def test_every_fault_is_told_in_english_too(page):
    in_chinese = [await page.post("", data=PERSON | {"action": "code"} | changes) for changes in FAULTY]
    await speak(page, ENGLISH)
    for changes, plain in zip(FAULTY, in_chinese, strict=True):
        response = await page.post("", data=PERSON | {"action": "code"} | changes)
        assert response.status_code == plain.status_code == 422, changes
        assert response.text.count('class="fault"') == plain.text.count('class="fault"') >= 1, changes
        assert HAN.search(shown(plain))
        assert_speaks(response, ENGLISH)
        assert response.text.count("autofocus") == 1


async def test_a_foreign_phone_is_told_the_way_out(page):
    for language, way_out in ((SIMPLIFIED, "带证件到窗口"), (ENGLISH, "at the counter")):
        await speak(page, language)
        response = await page.post("", data=PERSON | {"action": "code", "phone": "+1 202 555 0143"})
        [fault] = re.findall(r'<p class="fault" id="phone-fault">(.*?)</p>', response.text)
        assert way_out in fault
        assert page.rt.settings.hospital_phone in fault


@pytest.mark.parametrize("language", [ENGLISH, TRADITIONAL])
async def test_from_code_to_done(page, language, clock):
    await speak(page, language)
    sent = await page.post("", data=PERSON | {"action": "code"})
    assert_speaks(sent, language)
    assert "138****8000" in shown(sent)
    again = await page.post("", data=PERSON | {"action": "code"})
    assert_speaks(again, language)
    wrong = "000000" if page.rt.sms.codes[0][1] != "000000" else "111111"
    assert_speaks(await page.post("", data=PERSON | {"action": "register", "code": wrong}), language)
    code = page.rt.sms.codes[0][1]
    done = await page.post("", data=PERSON | {"action": "register", "code": code})
    assert_speaks(done, language)
    assert ("You are registered" if language == ENGLISH else "註冊好了") in done.text
    used = await page.get("")
    assert used.status_code == 410
    assert_speaks(used, language)


async def test_a_link_too_old_speaks_its_owners_language(page, clock):
    await speak(page, ENGLISH)
    clock.forward(minutes=16)
    response = await page.get("", headers={"accept-language": "zh-CN"})
    assert_speaks(response, ENGLISH)
    assert "15 minutes" in response.text


async def test_a_relative_in_english(family_page):
    await speak(family_page, ENGLISH)
    assert_speaks(await family_page.get(""), ENGLISH)
    assert_speaks(await family_page.post("", data=MOTHER | {"action": "code", "relation": ""}), ENGLISH)
    assert_speaks(await family_page.post("", data=MOTHER | {"action": "code"}), ENGLISH)
    asked = await family_page.post("", data=CHILD | {"action": "code"})
    assert_speaks(asked, ENGLISH)
    assert "I am the child’s guardian" in asked.text
    assert_speaks(await family_page.post("", data=CHILD | {"action": "register"}), ENGLISH)
    done = await family_page.post("", data=CHILD | {"action": "register", "guardian": "true"})
    assert_speaks(done, ENGLISH)
    assert "All done" in done.text


async def test_ones_own_document_is_no_relatives(family_page):
    await speak(family_page, ENGLISH)
    data = MOTHER | {"name": "张明", "id_number": "11010519900307013X", "relation": "sibling"}
    await family_page.post("", data=data | {"action": "code"})
    code = family_page.rt.sms.codes[-1][1].split()[-1]
    told = await family_page.post("", data=data | {"action": "register", "code": code})
    assert_speaks(told, ENGLISH)
    assert "This document is your own" in told.text


BROWSERS = {
    "en-GB,en;q=0.9,zh;q=0.8": ENGLISH,
    "zh-TW,zh;q=0.9": TRADITIONAL,
    "zh-CN": SIMPLIFIED,
    "*": SIMPLIFIED,
    "": SIMPLIFIED,
}


async def test_an_address_of_nobody_speaks_the_browsers_language(page):
    for accepted, language in BROWSERS.items():
        for address, status in (
            ("/p/guess", 404),
            ("/p/", 404),
            ("/p/a/b", 404),
            ("/notice/" + "x" * 50, 422),
        ):
            response = await page.get(f"http://gateway{address}", headers={"accept-language": accepted})
            assert response.status_code == status
            assert_speaks(response, language)
            assert response.headers["content-type"].startswith("text/html")


async def test_too_long_an_entry_is_told_in_words(page):
    response = await page.post("", data=PERSON | {"action": "code", "name": "张" * 65})
    assert response.status_code == 422
    assert_speaks(response, SIMPLIFIED)
    assert PERSON["id_number"] not in response.text


async def test_other_addresses_answer_as_before(page):
    response = await page.get("http://gateway/nothing")
    assert response.json() == {"detail": "Not Found"}


async def test_a_failure_is_told_in_plain_words(rt, monkeypatch):
    async def fails(*_args):
        raise ConnectionError("no database")

    monkeypatch.setattr(links, "open_link", fails)
    async with gateway_on(rt) as app:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            for accepted, title in (("en", "It does not work right now"), ("zh-CN", "现在办不了")):
                response = await client.get("/p/token", headers={"accept-language": accepted})
                assert response.status_code == 500
                assert title in response.text
                assert rt.settings.hospital_phone in response.text
                assert "no database" not in response.text


async def test_the_page_behind_a_notice_speaks_the_notices_language(page):
    for kind in ("hold_expired", "identity_settled", "something_new", "permission"):
        for language in LANGUAGES:
            address = f"http://gateway/notice/{kind}?lang={language}"
            response = await page.get(address, headers={"accept-language": "fr"})
            assert response.status_code == 200
            assert_speaks(response, language)


async def test_a_passport_in_english_says_that_staff_look_at_it(page):
    await speak(page, ENGLISH)
    done = await register(page, **PASSPORT)
    assert_speaks(done, ENGLISH)
    assert "please bring it" in done.text
