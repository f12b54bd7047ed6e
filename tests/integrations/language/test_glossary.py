import pytest

from integrations.language.english_names import pinyin
from integrations.language.glossary import Glossary

GLOSSARY = Glossary(
    {
        "心血管内科": "Cardiology", "内科": "Internal Medicine", "王建国": "Wang Jianguo",
        "主任医师": "Chief Physician",
        "副主任医师": "Associate Chief Physician", "本部院区": "Main Campus", "门诊楼": "Outpatient Building",
        "东门诊楼": "East Outpatient Building", "无名科": "",
    }
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "english"),
    [
        (
            "本部院区 门诊楼3层 心血管内科 302诊室",
            "Main Campus, Outpatient Building, floor 3, Cardiology, room 302",
        ),
        ("Dr. 王建国 (副主任医师)", "Dr. Wang Jianguo (Associate Chief Physician)"),
        ("东门诊楼2层, please", "East Outpatient Building, floor 2, please"),
        ("for *明 at 无名科", "for *明 at 无名科"),
        ("Nothing here", "Nothing here"),
    ],
)
def test_names_become_english(text: str, english: str) -> None:
    assert GLOSSARY.put(text) == english


@pytest.mark.parametrize(
    ("name", "english"),
    [("王建国", "Wang Jianguo"), ("欧阳娜", "Ouyang Na"), ("曾明", "Zeng Ming"), ("任仲和", "Ren Zhonghe")],
)
def test_doctors_are_called_by_their_pinyin(name: str, english: str) -> None:
    assert pinyin(name) == english
