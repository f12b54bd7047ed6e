"""`daozhen predict`, through its command."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.prediction.people import age_of, person_of
from integrations.hospital.demo_names import demo_lexicon
from integrations.settings import ROOT, Settings

NOW = "2026-11-24T10:30:00"  # a Tuesday


def predict(kind: str, *lines: str | dict[str, Any]) -> tuple[list[dict[str, Any]], str, int]:
    typed = "".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in lines)
    result = CliRunner().invoke(app, ["predict", kind], input=typed)
    return [json.loads(line) for line in result.stdout.splitlines()], result.stderr, result.exit_code


def test_bad_lines_are_named_and_the_others_answered_in_order() -> None:
    answers, said, code = predict(
        "redflags",
        {"text": "孩子叫不醒了", "id": 1},
        "{",
        "[]",
        '{"words": 1}',
        "",
        {"text": "挂号", "id": 2},
    )
    assert [(one["id"], one["alarm"]) for one in answers] == [(1, "emergency"), (2, "none")]
    assert answers[0]["rule"]
    assert [f"line {number}" in said for number in range(1, 7)] == [False, True, True, True, False, False]
    assert code == 2


def test_nothing_in_nothing_out() -> None:
    assert predict("dates") == ([], "", 0)


def test_what_is_no_utf8_is_a_bad_line() -> None:
    typed = b'\xef\xbb\xbf{"text": "\xe6\x98\x8e\xe5\xa4\xa9"}\n{"text": "\xff"}\n'
    result = CliRunner().invoke(app, ["predict", "redflags"], input=typed)
    assert len(result.stdout.splitlines()) == 1
    assert "line 2: this is not UTF-8" in result.stderr
    assert result.exit_code == 2


def test_fragments_are_read_with_what_came_before() -> None:
    answers, _, code = predict(
        "redflags", {"text": "說不了話", "earlier": ["我妈", "突然"]}, {"text": "说不了话", "earlier": "我妈"}
    )
    assert [one["alarm"] for one in answers] == ["emergency"]
    assert code == 2  # `earlier` of the second is no list


def test_dates_by_the_rows_own_time() -> None:
    rows = [
        {"text": "下週三下午三點", "reference_time": NOW},
        {
            "text": "明天",
            "reference_time": "2026-11-24T20:00:00+00:00",
        },  # the 25th already, in the hospital's zone
        {"text": "没有时间", "reference_time": NOW},
        {"text": "明天", "reference_time": "soon"},
    ]
    answers, said, code = predict("dates", *rows)
    assert [one["resolution"] for one in answers] == [
        [{"value": "2026-12-02 15:00:00"}],
        [{"value": "2026-11-26"}],
        [],
    ]
    assert "line 4" in said
    assert code == 2


def test_triage_ranks_all_departments() -> None:
    answers, _, code = predict("triage", {"text": "打球崴了脚踝，肿了走不了路", "age": "20+", "sex": "女"})
    ranked = answers[0]["departments"]
    assert ranked[0]["department"] == "骨科"
    assert [one["score"] for one in ranked] == sorted((one["score"] for one in ranked), reverse=True)
    assert sum(one["score"] for one in ranked) == pytest.approx(1, abs=0.01)
    assert code == 0


@pytest.mark.parametrize(
    ("said", "years"),
    [
        ("30+", 35), ("0+", 5), (45, 45), (2.5, 2.5), ("3岁", 3), ("20-29", 25), ("6个月", 0.5), ("１０", 10),
        ("", None), (None, None), ("unknown", None), (True, None), (999, None),
    ],
)  # fmt: skip
def test_ages_as_sets_write_them(said: object, years: float | None) -> None:
    assert age_of(said) == years


def test_sexes_as_sets_write_them() -> None:
    found = [person_of({"sex": said}).sex for said in ("男", "F", "女性", "male", "?", None)]
    assert found == ["male", "female", "female", "male", None, None]


def classified(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """By the trained model."""
    import io

    from bot.launching.secrets import load
    from bot.prediction.intents import intents
    from bot.prediction.rows import predict_lines

    typed = io.BytesIO("".join(json.dumps(one) + "\n" for one in lines).encode())
    python = load(ROOT / "var").rasa_python
    with intents(Settings(_env_file=None).zone, demo_lexicon(), python, print) as asked:  # type: ignore[call-arg]
        return [json.loads(one or "") for one in predict_lines(typed, asked, print)]


@pytest.mark.slow
def test_intents_by_the_trained_model() -> None:
    first, second = classified(
        [
            {"text": "下周三上午挂心内科", "reference_time": "2026-11-22T09:00:00"},
            {"text": "我的手机是13800138000", "reference_time": NOW},
        ]
    )
    assert first["intent"]["name"] == "book_appointment"
    assert 0.5 < first["intent"]["score"] <= 1
    found = {one["entity"]: one["value"] for one in first["entities"]}
    assert found == {"department": "心血管内科", "date": "2026-11-25", "period": "morning"}
    assert {"entity": "phone", "value": "13800138000"} in second["entities"]


@pytest.mark.slow
def test_a_wish_beside_a_word_to_wait_is_no_pause() -> None:
    lines = (ROOT / "tests/dialogs/asides.tsv").read_text(encoding="utf-8").splitlines()[1:]
    wanted = [line.split("\t") for line in lines]
    answers = classified([{"text": text} for _, text in wanted])
    assert [[one["intent"]["name"], one["text"]] for one in answers] == wanted
