"""Slips, and values that can hardly be or may be meant otherwise, on a follow-up's page."""

from __future__ import annotations

import pytest

from integrations.hospital.models import (
    FollowUpAlert,
    Measurement,
)
from tests.bot.pages.follow_up.sheet import FINE
from tests.bot.pages.money import words


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        ({"pressure-systolic": "135"}, "请一起填"),
        ({"pressure-systolic": "早上", "pressure-diastolic": "85"}, "请一起填"),
        ({"pressure-systolic": "早上", "pressure-diastolic": "晚上"}, "请填数字"),
        ({"pressure-systolic": "85", "pressure-diastolic": "135"}, "和平常的数差得很多"),
        ({"pressure-systolic": "135", "pressure-diastolic": "85", "pressure-pulse": "快"}, "请填数字"),
    ],
)
async def test_a_slip_is_told_beside_its_field_and_kept_on_the_page(sheet, typed, fault):
    shown = await sheet.send(**FINE | {"pressure-diastolic": ""} | typed)
    assert shown.status_code == 422
    assert fault in words(shown)
    assert all(f'value="{value}"' in shown.text for value in typed.values())
    assert "pressure" not in await sheet.answers()


async def test_both_in_one_field(sheet):
    await sheet.send(**FINE | {"pressure-systolic": "１３５／８５", "pressure-diastolic": ""})
    assert (await sheet.answers())["pressure"] == {"systolic": 135, "diastolic": 85}


async def test_a_value_that_can_hardly_be_is_left_out_when_it_comes_twice(sheet):
    odd = FINE | {"pressure-systolic": "500"}
    first = await sheet.send(**odd)
    assert 'name="pressure-doubted"' in first.text
    done = await sheet.send(**odd, **{"pressure-doubted": "500 85"})
    assert "没有算进记录，但我已经转给随访的医护人员" in words(done)
    assert (await sheet.answers())["pressure"] is None
    assert all(one.replaced_at for one in await sheet.rows(Measurement))
    [alert] = await sheet.rows(FollowUpAlert)
    assert (alert.status, alert.page_at is not None) == ("open", True)


@pytest.mark.parametrize("plan", ["diabetes"])
@pytest.mark.parametrize(("chosen", "kept"), [("other", {"value": 65}), ("told", {"value": 130})])
async def test_a_weight_that_may_be_in_jin_is_asked_about_once(sheet, chosen, kept):
    heavy = {"sugar": "6.1", "sugar-when": "fasting", "weight": "130", "medicine": "yes", "feet": "no"}
    shown = await sheet.send(**heavy)
    assert "是哪一个" in words(shown)
    assert "130 斤，也就是体重 65 公斤" in words(shown)
    assert "weight" not in await sheet.answers()
    assert 'name="weight-doubted" value="130"' in shown.text
    await sheet.send(weight="130", **{"weight-doubted": "130", "weight-meant": chosen})
    assert (await sheet.answers())["weight"] == kept


@pytest.mark.parametrize("plan", ["diabetes"])
async def test_a_weight_in_either_unit_is_left_out_when_it_comes_twice_as_in_the_chat(sheet):
    rest = {"sugar": "6.1", "sugar-when": "fasting", "medicine": "yes", "feet": "no"}
    await sheet.send(**rest, weight="130")
    done = await sheet.send(weight="130", **{"weight-doubted": "130"})
    assert "我先不记" in words(done)
    assert (await sheet.answers())["weight"] is None
    assert [one.kind for one in await sheet.rows(Measurement)] == ["glucose"]


@pytest.mark.parametrize("plan", ["diabetes"])
async def test_a_weight_that_cannot_be_is_refused_with_a_reason_as_in_the_chat(sheet):
    rest = {"sugar": "6.1", "sugar-when": "fasting", "medicine": "yes", "feet": "no"}
    shown = await sheet.send(**rest, weight="700")
    assert "和平常的数差得很多，先没有记" in words(shown)
    assert 'name="weight-doubted" value="700"' in shown.text
    done = await sheet.send(weight="700", **{"weight-doubted": "700"})
    assert "没有算进记录" in words(done)
    assert "120" in words(done)
    assert (await sheet.answers())["weight"] is None
    assert [one.kind for one in await sheet.rows(Measurement) if not one.replaced_at] == ["glucose"]
    assert [one.page_at for one in await sheet.rows(FollowUpAlert)] == [None]


@pytest.mark.parametrize("plan", ["diabetes"])
async def test_what_was_doubted_vouches_for_no_other_value(sheet):
    await sheet.send(sugar="6.1", **{"sugar-when": "fasting"}, weight="700", medicine="yes", feet="no")
    shown = await sheet.send(weight="130", **{"weight-doubted": "700"})
    assert "是哪一个" in words(shown)
    assert "weight" not in await sheet.answers()


@pytest.mark.parametrize("plan", ["diabetes"])
async def test_blood_sugar_with_its_time_of_day(sheet):
    await sheet.send(
        **{"sugar": "3.2", "sugar-when": "fasting", "weight": "124斤", "medicine": "yes", "feet": "no"}
    )
    answers = await sheet.answers()
    assert answers["sugar"] == {"value": 3.2, "when": "fasting"}
    assert answers["weight"] == {"value": 62.0}
    assert len(await sheet.rows(FollowUpAlert)) == 1  # too low
