import pytest

from integrations.language.languages import detect, guess
from integrations.language.script import fold, normalise, traditional

HANS, HANT, EN = "zh-Hans", "zh-Hant", "en"

SAYS_NOTHING = [
    "ok", "OK", "CT", "hello", "Hi", "2", "9:30", "Wang Jianguo", "John Smith", "thank you", "thanks", "yes", "no",
    "123456", "13812345678", "[[phone:0123456789abcdef0123456789abcdef]]", "https://example.com/the/book", "👍", "",
    "good morning", "bye bye", "MRI", "VIP", "iPhone 15 Pro", "no.3", "?", "cancel", "help",
]  # fmt: skip


@pytest.mark.parametrize("text", SAYS_NOTHING)
@pytest.mark.parametrize("known", [HANS, HANT, EN])
def test_what_says_nothing_leaves_the_language(text: str, known: str) -> None:
    assert detect(text, known) == known


@pytest.mark.parametrize(
    "text",
    [
        "I want to see a heart doctor", "book cardiology tomorrow morning", "is there parking?", "my son has fever",
        "Need appointment", "can i see dr wang next wednesday", "what time do you open", "my appointments",
        "i cant breathe", "chest pain", "I want to see 王建国", "can I book 心内科 tomorrow", "change the date please",
        "where r u located", "i wanna die",
    ],
)  # fmt: skip
@pytest.mark.parametrize("known", [HANS, HANT])
def test_an_english_sentence_turns_to_english_at_once(text: str, known: str) -> None:
    assert detect(text, known) == EN


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("下周三上午想看心内科", HANS), ("我要挂号", HANS), ("头疼怎么办", HANS), ("B超在几楼做", HANS),
        ("下週三上午想看心內科", HANT), ("我要掛號", HANT), ("請問停車場在哪裡", HANT), ("頭痛", HANT),
        ("明天上午九點", HANT), ("我想取消預約", HANT), ("只係想睇醫生", HANT), ("CT 在几楼做", HANS),
    ],
)  # fmt: skip
@pytest.mark.parametrize("known", [HANS, HANT, EN])
def test_a_chinese_sentence_turns_to_its_script(text: str, language: str, known: str) -> None:
    assert detect(text, known) == language


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("明天上午", HANT), ("明天上午", HANS), ("可以", HANT), ("不是本人", HANT), ("我是", HANS), ("好的", HANT),
        ("王建国", EN), ("心内科", EN), ("李明", EN), ("B超", EN), ("B超", HANT), ("B超在哪里做", HANT), ("里面", HANT),
        ("台", HANT),
    ],
)  # fmt: skip
def test_what_both_scripts_share_and_bare_names_leave_it(text: str, known: str) -> None:
    assert detect(text, known) == known


def test_a_sentence_that_both_scripts_share_ends_english() -> None:
    assert detect("我要看牙", EN) == HANS


@pytest.mark.parametrize("answer", ["May Long", "My Tran", "Will Young"])
def test_a_name_that_was_asked_for_is_no_sentence(answer: str) -> None:
    assert detect(answer, HANS, expects="person_name") == HANS


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("zh-hans", HANS), ("zh", HANS), ("zh_CN", HANS), ("zh-hant", HANT), ("zh-TW", HANT), ("zh_HK", HANT),
        ("en", EN), ("en-GB", EN), ("fr", EN), ("", ""),
    ],
)  # fmt: skip
def test_a_platforms_tag(tag: str, language: str) -> None:
    assert guess(tag) == language


def test_traditional_leaves_names_and_links() -> None:
    assert traditional("就诊人 *余，于洋 住院医师，余4") == "就診人 *余，于洋 住院醫師，餘4"
    assert traditional("请打开 http://h.cn/发/p 里面") == "請打開 http://h.cn/发/p 裡面"
    assert traditional("您好，只能预约后天的号") == "您好，只能預約後天的號"
    assert traditional("OK 2") == "OK 2"


@pytest.mark.parametrize(
    "text", ["请确认：11月25日（周三）上午 8:30，门诊楼3层 心血管内科", "范莉 副主任医师"]
)
def test_what_was_made_traditional_reads_the_same(text: str) -> None:
    assert normalise(traditional(text)) == fold(text)
