from __future__ import annotations

from datetime import date

import pytest

from integrations.language.births import find_birth_date
from integrations.language.choices import find_choices
from integrations.language.people import find_relatives
from integrations.language.personal import find_personal

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("text", "born"),
    [
        ("1960年3月7日", date(1960, 3, 7)),
        ("她是60年3月7号生的", date(1960, 3, 7)),
        ("一九六〇年三月七日", date(1960, 3, 7)),
        ("一九六零年十二月三十一", date(1960, 12, 31)),
        ("19600307", date(1960, 3, 7)),
        ("１９６０/３/７", date(1960, 3, 7)),
        ("1960.03.07", date(1960, 3, 7)),
        ("15年3月7日", date(2015, 3, 7)),
        ("March 7, 1960", date(1960, 3, 7)),
        ("born on the 7th of March 1960", date(1960, 3, 7)),
        ("1960年2月30日", None),
        ("7/3/1960", None),
        ("三月七日", None),
        ("不记得了", None),
    ],
)
def test_birth_dates(text: str, born: date | None) -> None:
    found = find_birth_date(text, TODAY)
    assert (found and found[2]) == born


def test_a_birth_date_that_is_asked_for_becomes_a_token() -> None:
    (span,) = find_personal("1960年3月7日", "birth_date", TODAY)
    assert (span.entity, span.value) == ("birth_date", "1960-03-07")
    assert find_personal("1960年3月7日", None, TODAY) == []


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("护照E12345678", "E12345678"),
        ("my passport is C01X00T47", "C01X00T47"),
        ("533380006", "533380006"),
        ("H01234567 01", "H01234567"),
        ("01 23 45 67", "01234567"),
        ("AB 123 4567", "AB1234567"),
        ("ＡＢ1234567", "AB1234567"),
    ],
)
@pytest.mark.parametrize("expects", ["id_document", "id_number"])
def test_any_documents_number_is_swapped_when_one_is_asked_for(text: str, number: str, expects: str) -> None:
    spans = find_personal(text, expects, TODAY)
    assert number in "".join(str(span.value) for span in spans if span.entity == "id_number")


@pytest.mark.parametrize("text", ["取消", "上一步", "我没有护照", "cancel please", "help", "90岁"])
def test_talk_is_no_number(text: str) -> None:
    assert find_personal(text, "id_document", TODAY) == []


@pytest.mark.parametrize(
    ("text", "expects", "found"),
    [
        ("用护照", None, [("document", "passport")]),
        ("我是香港的，回乡证", "document", [("document", "hk_macau_permit")]),
        ("台胞证", "document", [("document", "taiwan_permit")]),
        ("身份证", "document", [("document", "resident_id")]),
        ("我的身份证号", None, []),
        ("我没有护照", "document", []),
        ("女", "sex", [("sex", "female")]),
        ("female", "sex", [("sex", "female")]),
        ("女医生", None, []),
    ],
)
def test_choices_in_words(text: str, expects: str | None, found: list[tuple[str, str]]) -> None:
    assert [(span.entity, span.value) for span in find_choices(text, expects)] == found


@pytest.mark.parametrize(
    ("text", "expects", "who"),
    [
        ("妈妈", "relation", "妈妈"),
        ("妈妈", None, None),
        ("a cardiologist for my mother", None, "mother"),
        ("my little Sister", None, "sister"),
        ("daughter", "relation", "daughter"),
        ("I am a mother", None, None),
    ],
)
def test_who_is_meant(text: str, expects: str | None, who: str | None) -> None:
    found = find_relatives(text, expects)
    assert (found[0].value if found else None) == who
