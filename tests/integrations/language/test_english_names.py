from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from integrations.language.lexicon import DepartmentName, Lexicon, PractitionerName
from integrations.language.names import NameIndex
from integrations.language.personal import find_personal
from integrations.language.understand import understand

INDEX = NameIndex(
    Lexicon(
        (
            DepartmentName(
                "heart", "心血管内科", ("心内科",), "Cardiology", ("heart doctor", "heart", "cardiologist")
            ),
            DepartmentName("skin", "皮肤科", (), "Dermatology", ("skin doctor", "skin", "dermatologist")),
            DepartmentName("ent", "耳鼻咽喉科", (), "Ear, Nose and Throat", ("ent",)),
        ),
        (
            PractitionerName("wang", "王建国", "主任医师", ("heart",)),
            PractitionerName("wang2", "王琳", "主治医师", ("skin",)),
            PractitionerName("li", "李静", "副主任医师", ("heart",)),
        ),
    )
)
NOW = datetime(2026, 11, 22, 9, tzinfo=ZoneInfo("Asia/Shanghai"))


def found(text: str) -> dict[str, set[object]]:
    entities: dict[str, set[object]] = {}
    for one in understand(text, index=INDEX, now=NOW):
        entities.setdefault(one["entity"], set()).add(one["value"])
    return entities


@pytest.mark.parametrize(
    ("text", "entities"),
    [
        ("I want to see a heart doctor", {"department": {"heart"}}),
        ("cardiology please", {"department": {"heart"}}),
        ("cardiolgy", {"department": {"heart"}}),
        ("a dermatologst", {"department": {"skin"}}),
        ("skin", {"department": {"skin"}}),
        ("my skin itches", {}),
        ("the heart one", {"department": {"heart"}}),
        ("skin one please", {"department": {"skin"}}),
        ("an appointment with ENT", {"department": {"ent"}}),
        ("not cardiology, dermatology", {"department": {"skin"}}),
        ("Dr Wang", {"practitioner": {"wang", "wang2"}}),
        ("dr. wang from cardiology", {"practitioner": {"wang"}, "department": {"heart"}}),
        ("Wang Jianguo", {"practitioner": {"wang"}}),
        ("jianguo wang", {"practitioner": {"wang"}}),
        ("doctor li jing tomorrow", {"practitioner": {"li"}, "date": {"2026-11-23"}}),
        ("Dr Smith", {"unknown_practitioner": {"Dr Smith"}}),
        ("a doctor please", {}),
        ("the second one", {"ordinal": {2}}),
        ("first please", {"ordinal": {1}}),
        ("option 3", {"ordinal": {3}}),
        ("number two", {"ordinal": {2}}),
        ("the last one", {"ordinal": {-1}}),
        ("option 9:30", {"time": {"09:30"}}),
        ("any", {"any": {"any"}}),
        ("do you have any parking", {}),
        ("for my mother", {"relative": {"mother"}}),
        ("my son is ill", {"relative": {"son"}}),
        ("I am a mother", {}),
    ],
)
def test_what_english_names(text: str, entities: dict[str, set[object]]) -> None:
    assert found(text) == entities


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("John Smith", "John Smith"), ("my name is Anna Lee", "Anna Lee"), ("I'm Wang Jianguo", "Wang Jianguo"),
        ("May Long", "May Long"), ("why do you need my name", None), ("cancel please", None), ("go back", None),
        ("I want to talk to a person", None), ("use the page", None), ("张小明", "张小明"),
    ],
)  # fmt: skip
def test_a_name_is_told_from_talk(text: str, name: str | None) -> None:
    spans = find_personal(text, "person_name")
    assert [span.value for span in spans] == ([name] if name else [])
