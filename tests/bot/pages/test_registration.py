"""The registration page."""

import re

import pytest
from sqlalchemy import text

from bot import sweep
from integrations.hospital import accounts
from integrations.identity.interface import Outcome
from integrations.sms.interface import SmsRefused, SmsUnknown

from .conftest import CHILD, MOTHER, PASSPORT, PERSON, register


async def count(page, statement):
    async with page.rt.database.begin() as session:
        return await session.scalar(text(statement))


async def test_it_is_kept_from_caches_and_loads_nothing_from_elsewhere(page):
    response = await page.get("")
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert not re.search(r'src="|href="(?!tel:)', response.text)


async def test_registering_makes_a_patient_and_tells_the_chat(page):
    done = await register(page)
    assert "注册好了" in done.text
    assert page.rt.sms.codes[0][0] == "+8613800138000"
    assert await count(page, "SELECT masked_name FROM patients") == "*明"
    [conversation] = await sweep.hospital(page.rt)
    assert await count(page, "SELECT conversation_id FROM inbound") == conversation


async def test_the_link_works_once(page):
    await register(page)
    assert (await page.get("")).status_code == 410
    assert (await page.post("", data=PERSON | {"action": "code"})).status_code == 410


async def test_the_link_expires(page, clock):
    clock.forward(minutes=16)
    assert (await page.get("")).status_code == 410


async def test_without_consent_nothing_is_asked_for_and_nothing_taken(page):
    async with page.rt.database.begin() as session:
        contact = await accounts.ensure_contact(session, "telegram", "42")
        await accounts.withdraw_consents(session, contact, accounts.OWN_CONSENTS, page.rt.now(), None)
    for answer in (await page.get(""), await page.post("", data=PERSON | {"action": "code"})):
        assert answer.status_code == 403
        assert "撤回了同意" in answer.text
    assert page.rt.sms.codes == []


async def test_a_link_nobody_made_is_404(page):
    assert (await page.get("http://gateway/p/guess")).status_code == 404


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", "", "姓名"),
        ("name", "123", "姓名"),
        ("id_number", "110105194912310021", "差一位"),
        ("id_number", "1101051949", "18 位"),
        ("id_number", "110101201503021013", "监护人"),
        ("phone", "1380013", "手机号"),
        ("phone", "<script>alert(1)</script>", "手机号"),
    ],
)
async def test_a_fault_is_told_beside_its_field_and_nothing_typed_is_lost(page, field, value, said):
    response = await page.post("", data=PERSON | {"action": "code", field: value})
    assert response.status_code == 422
    assert said in response.text
    assert "<script>" not in response.text
    assert all(PERSON[other] in response.text for other in PERSON if other != field)
    assert page.rt.sms.codes == []


async def test_a_wrong_code_says_how_many_tries_are_left(page):
    await page.post("", data=PERSON | {"action": "code"})
    wrong = "000000" if page.rt.sms.codes[0][1] != "000000" else "111111"
    response = await page.post("", data=PERSON | {"action": "register", "code": wrong})
    assert "还可以试 4 次" in response.text
    assert await count(page, "SELECT count(*) FROM patients") == 0


async def test_asking_again_at_once_has_to_wait_and_the_first_code_still_works(page):
    await page.post("", data=PERSON | {"action": "code"})
    again = await page.post("", data=PERSON | {"action": "code"})
    assert "秒后再要" in again.text
    code = page.rt.sms.codes[0][1]
    done = await page.post("", data=PERSON | {"action": "register", "code": code})
    assert "注册好了" in done.text


async def test_name_and_number_that_do_not_match_register_nobody(page, clock):
    page.rt.identity.outcome = Outcome.MISMATCH
    response = await register(page)
    assert "对不上" in response.text
    assert await count(page, "SELECT count(*) FROM patients") == 0
    page.rt.identity.outcome = Outcome.MATCH
    clock.forward(seconds=61)
    assert "注册好了" in (await register(page)).text


async def test_with_the_identity_check_down_the_patient_waits_as_pending_and_is_settled_later(page):
    page.rt.identity.outcome = Outcome.UNAVAILABLE
    await register(page)
    assert await count(page, "SELECT status FROM patients") == "pending"
    page.rt.identity.outcome = Outcome.MATCH
    await sweep.identities(page.rt)
    assert await count(page, "SELECT status FROM patients") == "verified"


@pytest.mark.parametrize(("error", "said"), [(SmsRefused("no"), "发不出去"), (SmsUnknown("late"), "稍晚")])
async def test_an_sms_that_fails_is_told(page, error, said):
    page.rt.sms.fail = error
    response = await page.post("", data=PERSON | {"action": "code"})
    assert said in response.text


async def test_a_passport_with_birth_date_and_sex_waits_for_staff(page):
    assert "请带上原件" in (await register(page, **PASSPORT)).text
    assert (
        await count(page, "SELECT document || status || birth_date FROM patients")
        == "passportreview1985-04-01"
    )


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("id_number", "E1", "护照号"),
        ("birth_date", "", "出生日期"),
        ("birth_date", "2999-01-01", "出生日期"),
        ("birth_date", "2020-01-01", "监护人"),
        ("sex", "", "性别"),
        ("phone", "+44 7911 123456", "中国大陆"),
    ],
)
async def test_what_is_wrong_with_another_document(page, field, value, said):
    response = await page.post("", data=PASSPORT | {"action": "code", field: value})
    assert response.status_code == 422
    assert said in response.text
    assert page.rt.sms.codes == []


async def test_a_relative_agrees_by_the_code_to_their_own_phone(family_page):
    assert "就诊人是您的" in (await family_page.get("")).text
    sent = await family_page.post("", data=MOTHER | {"action": "code"})
    assert "对方同意的话" in sent.text
    phone, code = family_page.rt.sms.codes[-1]
    assert (phone, code[:3]) == ("+8613900139000", "*明 ")
    done = await family_page.post("", data=MOTHER | {"action": "register", "code": code[3:]})
    assert "登记好了" in done.text
    [conversation] = await sweep.hospital(family_page.rt)
    assert await count(family_page, "SELECT conversation_id FROM inbound") == conversation
    assert (
        await count(family_page, "SELECT relation FROM account_patients WHERE relation <> 'self'") == "parent"
    )
    assert await count(family_page, "SELECT method FROM consents WHERE patient_id IS NOT NULL") == "sms_code"
    assert family_page.rt.sms.language == "zh-Hans"


@pytest.mark.parametrize("changed", [{"name": "李桂兰"}, {"id_number": "110105196103071048"}])
async def test_a_code_is_an_agreement_for_one_person(family_page, changed):
    await family_page.post("", data=MOTHER | {"action": "code"})
    code = family_page.rt.sms.codes[-1][1][3:]
    other = await family_page.post("", data=MOTHER | changed | {"action": "register", "code": code})
    assert "还可以试 4 次" in other.text
    assert await count(family_page, "SELECT count(*) FROM consents WHERE patient_id IS NOT NULL") == 0
    done = await family_page.post("", data=MOTHER | {"action": "register", "code": code})
    assert "登记好了" in done.text


async def test_who_was_named_in_the_chat_is_not_asked_for_again(family_page):
    assert '<option value="parent" selected' in (await family_page.get("?relation=parent")).text


async def test_a_child_has_its_guardian_agree_and_gets_no_code(family_page):
    asked = await family_page.post("", data=CHILD | {"action": "code"})
    assert "我是孩子的监护人" in asked.text
    refused = await family_page.post("", data=CHILD | {"action": "register"})
    assert "请确认您是监护人" in refused.text
    done = await family_page.post("", data=CHILD | {"action": "register", "guardian": "true"})
    assert "登记好了" in done.text
    assert family_page.rt.sms.codes == []
    assert await count(family_page, "SELECT method FROM consents WHERE kind = 'guardian'") == "page"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"relation": ""}, "请选就诊人和您的关系"),
        ({"relation": "self"}, "请选就诊人和您的关系"),
        (CHILD | {"relation": "parent"}, "还未成年"),
        ({"phone": ""}, "手机号"),
        ({"phone": "138 1234 5678"}, "您自己的手机号"),
    ],
)
async def test_what_is_wrong_about_a_relative(family_page, changes, said):
    response = await family_page.post("", data=MOTHER | {"action": "code"} | changes)
    assert response.status_code == 422
    assert said in response.text
    assert family_page.rt.sms.codes == []


async def test_whoever_guesses_names_for_a_number_is_told_no_more(family_page):
    """A guardian's form needs no code: without a limit it would tell whose any number is, at the hospital's cost."""
    identity = family_page.rt.identity
    identity.outcome = Outcome.MISMATCH
    guess = CHILD | {"action": "register", "guardian": "true"}
    for _ in range(20):
        assert "姓名和证件号对不上" in (await family_page.post("", data=guess)).text
    identity.outcome = Outcome.MATCH
    assert "没有登记成" in (await family_page.post("", data=guess)).text
    assert identity.asked == 20


async def test_a_teenager_with_the_parents_phone_has_a_guardian(family_page):
    teen = CHILD | {"id_number": "110105201010201011", "phone": "13812345678"}
    asked = await family_page.post("", data=teen | {"action": "code"})
    assert 'name="guardian"' in asked.text
    assert family_page.rt.sms.codes == []
