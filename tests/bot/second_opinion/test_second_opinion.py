"""The second opinion beside the rules for red flags: how it is made and kept, and when it may speak."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import structlog

from bot.red_flags import Outcome, get_ready, look, rule_named
from bot.red_flags.reading import OPINIONS
from bot.second_opinion import inputs, speaking
from bot.second_opinion.features import features
from bot.second_opinion.model import CLASSES, Bounds, Model, keep, read
from bot.second_opinion.training import Example, bounds_of, fit, ordinary, written
from integrations.language import linear_model
from integrations.language.linear_model import LinearModel

EXAMPLES = [
    Example(text, alarm)
    for alarm, texts in {
        "emergency": ("他不动了叫不应", "老人不动了", "孩子不动了脸白", "爸爸倒地不动了"),
        "crisis": ("写好了遗书", "遗书放桌上", "今晚写遗书", "给孩子留了遗书"),
        "none": ("帮我挂个号", "我要挂号", "报告出来没有", "停车场在哪", "挂号费多少", "几点上班"),
        "urgent": ("伤口裂开了", "伤口又裂开了", "刀口裂开了", "伤口裂开流脓"),
    }.items()
    for text in texts
]


BOUNDS = Bounds(life=0.9, today=0.8, ask=0.6, overrule=0.98, harmless=0.95, certain=0.9995)


def sure_of(likely: dict[str, float]) -> Model:
    """A model that thinks the same of every text."""
    found = np.array([likely.get(name, 1e-9) for name in CLASSES])
    none = np.zeros((1, len(CLASSES)), np.float32)
    linear = LinearModel(CLASSES, {"": 0}, np.ones(1, np.float32), none, np.log(found).astype(np.float32))
    return Model(linear, BOUNDS)


def test_the_same_examples_give_the_same_model():
    one, other = fit(EXAMPLES, folds=2), fit(EXAMPLES, folds=2)
    assert one.linear.vocabulary == other.linear.vocabulary
    assert np.array_equal(one.linear.weights, other.linear.weights)
    assert one.bounds == other.bounds


def test_it_learns_what_it_was_shown():
    made = fit(EXAMPLES, folds=2)
    for text, alarm in (("奶奶不动了", "emergency"), ("桌上有遗书", "crisis"), ("想挂号", "none")):
        assert CLASSES[int(made.likely(text).argmax())] == alarm
    assert made.likely("check").sum() == pytest.approx(1)
    assert made.likely("")[CLASSES.index("check")] < 0.001  # nobody showed it one


def test_a_kept_model_reads_as_it_was_made(tmp_path: Path):
    made = fit(EXAMPLES, folds=2)
    file = tmp_path / "red-flags-1.npz"
    keep(made, file)
    known = read(file)
    assert known is not None
    assert np.allclose(known.likely("他不动了"), made.likely("他不动了"), atol=0.01)
    assert known.bounds == made.bounds


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 nothing", None])
def test_without_a_sound_file_the_rules_work_alone_and_the_log_says_so(tmp_path, monkeypatch, damage):
    file = tmp_path / "red-flags-1.npz"
    if damage is not None:
        file.write_bytes(damage)
    monkeypatch.setattr(speaking, "model_file", lambda: file)
    with structlog.testing.capture_logs() as said:
        get_ready()
    assert "red flags without a second opinion" in [one["event"] for one in said]
    assert look("奶奶昏迷了") == (Outcome.EMERGENCY, "conscious.gone")
    assert look("帮我挂个号") == (Outcome.NONE, "")


def test_another_model_is_none_of_ours(tmp_path: Path):
    file = tmp_path / "red-flags-1.npz"
    linear = sure_of({"none": 1}).linear
    linear_model.keep(linear, file)  # without bounds
    assert read(file) is None
    keep(Model(replace(linear, labels=CLASSES[::-1]), BOUNDS), file)
    assert read(file) is None


def test_it_is_read_at_the_start(tmp_path, monkeypatch):
    file = tmp_path / "red-flags-1.npz"
    keep(sure_of({"emergency": 0.99}), file)
    monkeypatch.setattr(speaking, "model_file", lambda: file)
    assert look("就是这样") == (Outcome.NONE, "")
    get_ready()
    assert look("就是这样") == (Outcome.EMERGENCY, "model.emergency")


@pytest.mark.parametrize(
    ("likely", "found"),
    [
        ({"emergency": 0.95, "none": 0.05}, "model.emergency"),
        ({"crisis": 0.95, "none": 0.05}, "model.crisis"),
        ({"crisis": 0.4, "emergency": 0.55, "none": 0.05}, "model.emergency"),
        ({"emergency": 0.8, "none": 0.2}, "model.check"),  # not sure enough to page somebody
        ({"crisis": 0.8, "none": 0.2}, "model.check_mind"),
        ({"urgent": 0.9, "none": 0.1}, "model.urgent"),
        ({"urgent": 0.7, "none": 0.3}, "model.check"),
        ({"check": 0.7, "none": 0.3}, "model.check"),
        ({"emergency": 0.5, "none": 0.5}, ""),
    ],
)
def test_where_the_rules_are_silent_it_speaks_as_far_as_it_is_sure(likely, found):
    speaking.hold(sure_of(likely))
    outcome, name = look("就是这样")
    assert name == found
    assert outcome is (rule_named(found).outcome if found else Outcome.NONE)


def test_of_a_word_or_two_it_says_nothing():
    speaking.hold(sure_of({"emergency": 0.99}))
    assert look("孩子") == (Outcome.NONE, "")
    assert look("突然", ["孩子"]) == (Outcome.NONE, "")
    assert look("突然就", ["我孩子"]) == (Outcome.EMERGENCY, "model.emergency")


def test_the_rules_keep_their_word():
    speaking.hold(sure_of({"none": 0.999, "emergency": 0.001}))
    assert look("奶奶昏迷了") == (Outcome.EMERGENCY, "conscious.gone")
    speaking.hold(sure_of({"urgent": 0.95, "none": 0.05}))
    assert look("胸口有点疼")[0] is Outcome.CHECK  # only a life in danger is more than what they say
    speaking.hold(sure_of({"emergency": 0.95, "none": 0.05}))
    assert look("胸口有点疼")[0] is Outcome.CHECK
    speaking.hold(sure_of({"emergency": 0.99, "none": 0.01}))
    assert look("胸口有点疼") == (Outcome.EMERGENCY, "model.emergency")


def test_what_the_rules_put_aside_it_must_be_very_sure_of():
    speaking.hold(sure_of({"emergency": 0.95, "none": 0.05}))
    assert look("没有昏迷过，就是坐着不说话") == (Outcome.NONE, "")
    speaking.hold(sure_of({"emergency": 0.99, "none": 0.01}))
    assert look("没有昏迷过，就是坐着不说话") == (Outcome.EMERGENCY, "model.emergency")


def test_two_witnesses_together_silence_a_rule():
    """A weak cue in the text, and a model that is sure; never against a wish to die, or a call for help."""
    joke, plea, wish = "断气了，爬楼梯找不到诊室哈哈", "救命，断气了，在楼梯上哈哈", "哈哈，我不想活了"
    speaking.hold(sure_of({"none": 0.99, "check": 0.01}))
    assert look(joke) == (Outcome.NONE, "")
    assert look("断气了")[0] is Outcome.EMERGENCY  # one witness is none
    assert look(plea)[0] is Outcome.EMERGENCY
    assert look(wish)[0] is Outcome.CRISIS
    speaking.hold(sure_of({"none": 0.9, "emergency": 0.1}))
    assert look(joke)[0] is Outcome.EMERGENCY


def test_against_despair_or_a_call_for_help_both_witnesses_have_to_be_certain():
    silenced = ["装修吵得我想跳楼了，能换病房吗", "培训几点，救人的那个，讲没呼吸怎么办"]
    speaking.hold(sure_of({"none": 0.9999}))
    assert [look(one) for one in silenced] == [(Outcome.NONE, "")] * 2
    speaking.hold(sure_of({"none": 0.999, "crisis": 0.001}))
    assert [look(one)[0] for one in silenced] == [Outcome.CRISIS, Outcome.EMERGENCY]


def test_a_hint_at_despair_is_silenced_by_certainty_alone():
    hints = ["终于解脱了，石膏拆了", "生不如死地减脂", "永别了拐杖，谢谢大家"]
    speaking.hold(sure_of({"none": 0.9999}))
    assert [look(one) for one in hints] == [(Outcome.NONE, "")] * 3
    speaking.hold(sure_of({"none": 0.999, "crisis": 0.001}))
    assert [look(one) for one in hints] == [(Outcome.CRISIS, "crisis.hint")] * 3


@pytest.mark.parametrize(
    "text",
    [
        "意外险里溺水赔不赔，条款没写",
        "同事脑出血住院，几点能探视",
        "护考判断题，休克先补液",
        "上一胎产后大出血，这胎在哪建档",
        "电影里那个猝死的太惨了",
        "写网文的，主角中毒了去什么科",
    ],
)
def test_a_grave_name_in_a_lesson_a_policy_or_a_story_rings_no_more(text):
    speaking.hold(sure_of({"none": 0.99, "emergency": 0.01}))
    assert look(text) == (Outcome.NONE, "")


@pytest.mark.parametrize(
    "text",
    [
        "上课讲过，同学没脉搏了，脸发紫",  # two rules agree
        "以前割腕，我今天又割腕了",  # their own despair
        "培训过，可他真断气了，快来",  # a call for help
        "没有心跳了",  # nothing speaks against it
    ],
)
def test_a_rule_stands_where_it_is_not_alone(text):
    speaking.hold(sure_of({"none": 0.999, "emergency": 0.001}))
    assert look(text)[0] in (Outcome.EMERGENCY, Outcome.CRISIS)


def test_a_model_that_is_certain_needs_no_other_witness():
    harmless = "密室叫窒息，有团票吗"
    speaking.hold(sure_of({"none": 0.998, "emergency": 0.002}))
    assert look(harmless)[0] is Outcome.EMERGENCY
    speaking.hold(sure_of({"none": 0.9999}))
    assert look(harmless) == (Outcome.NONE, "")


@pytest.mark.parametrize(
    "text",
    [
        "救命，窒息了",  # a call for help
        "同学没脉搏了，脸发紫",  # two rules agree
        "我不想活了",  # a wish to die
        "no pulse",  # of English it knows less
    ],
)
def test_certainty_outweighs_no_plea_no_wish_and_no_english(text):
    speaking.hold(sure_of({"none": 0.9999}))
    assert look(text)[0] in (Outcome.EMERGENCY, Outcome.CRISIS)


def test_dangers_that_look_harmless_bound_how_certain_is_enough():
    grave = np.tile([0.1, 0, 0, 0, 0.9], (1000, 1))
    grave[:10] = [0.97, 0, 0, 0, 0.03]
    judged = np.vstack([np.tile([0.99, 0, 0, 0, 0.01], (100, 1)), grave])
    bounds = bounds_of(judged, np.array([0] * 100 + [4] * 1000), np.array(["written"] * 1100))
    assert bounds.harmless == 0.5  # one in a hundred may be doubted where a cue agrees
    assert bounds.certain == pytest.approx(0.97)  # less than one in a hundred where none does


def test_a_rule_stands_where_what_was_said_before_is_not_harmless(monkeypatch: pytest.MonkeyPatch):
    speaking.hold(sure_of({"none": 0.999, "emergency": 0.001}))
    joke = "断气了，爬楼梯找不到诊室哈哈"
    assert look(joke, ["你好"]) == (Outcome.NONE, "")
    monkeypatch.setattr("bot.red_flags.looking.harmless", lambda text, alone: "奶奶" not in text)
    assert look(joke, ["奶奶摔了"])[0] is Outcome.EMERGENCY


def test_who_asks_for_a_number_is_not_asked_back():
    speaking.hold(sure_of({"check": 0.9, "none": 0.1}))
    assert look("想挂个号") == (Outcome.NONE, "")


def test_what_rang_before_does_not_ring_with_every_later_fragment():
    speaking.hold(fit(EXAMPLES, folds=2))
    held = speaking._held[0]
    speaking.hold(replace(held, bounds=Bounds(0.5, 0.5, 0.45, 0.9, 0.95, 0.99)))
    assert look("不动了", ["他倒地"])[1] == "model.emergency"
    assert look("在几楼停车", ["爸爸倒地不动了"])[1] == ""


@pytest.mark.parametrize(("before", "rings"), [("check", True), ("urgent", True), ("emergency", False)])
def test_what_grows_graver_than_it_sounded_before_rings(monkeypatch: pytest.MonkeyPatch, before, rings):
    def opinion(text: str, **_: bool) -> str:
        both = "桌脚" in text and "门槛" in text
        return "model.emergency" if both else f"model.{before}" if "桌脚" in text else ""

    monkeypatch.setattr("bot.red_flags.looking.opinion", opinion)
    found = look("后来是门槛那儿", ["先是桌脚那儿"])
    assert found == ((Outcome.EMERGENCY, "model.emergency") if rings else (Outcome.NONE, ""))


def test_the_bounds_keep_the_harmless_quiet():
    none = np.tile([0.5, 0, 0, 0, 0.5], (100, 1))
    none[:3] = [0.05, 0, 0, 0, 0.95]
    judged = np.vstack([none, np.tile([0.1, 0, 0, 0, 0.9], (50, 1))])
    labels = np.array([0] * 100 + [4] * 50)
    bounds = bounds_of(judged, labels, np.array(["written"] * 150))
    assert 0.5 < bounds.ask < 0.55  # three of a hundred may ring
    assert bounds.life > 0.95  # but not page
    assert bounds.overrule >= bounds.life
    assert bounds.harmless == bounds.certain == 0.5  # no danger looked more harmless than that
    told = bounds_of(judged, labels, np.array(["complaint"] * 150))
    assert told.life < bounds.life  # of complaints, which nobody judged, three of a hundred may


def test_every_name_it_goes_by_has_its_outcome_and_words():
    assert {one.name: (one.outcome, one.asks) for one in OPINIONS} == {
        "model.emergency": (Outcome.EMERGENCY, "general"),
        "model.crisis": (Outcome.CRISIS, "general"),
        "model.urgent": (Outcome.URGENT, "general"),
        "model.check": (Outcome.CHECK, "general"),
        "model.check_mind": (Outcome.CHECK, "mind"),
    }
    assert {one.source for one in OPINIONS} == {"second opinion"}


def test_what_it_learns_from():
    assert {one.alarm for one in written()} <= set(CLASSES)
    asked = [one.text for one in ordinary()]
    assert len(asked) > 1000
    assert not [one for one in asked if one.startswith("/") or "](" in one]


def test_an_example_without_an_outcome_is_refused(tmp_path: Path):
    (tmp_path / "perhaps.txt").write_text("头晕")
    with pytest.raises(ValueError, match="perhaps"):
        list(written(tmp_path))


def test_changed_examples_are_another_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(inputs, "EXAMPLES", tmp_path)
    before = inputs.model_file()
    (tmp_path / "none.txt").write_text("几点上班")
    assert inputs.model_file() != before


def test_a_number_is_told_by_its_size_and_english_is_read_by_words():
    assert set(features("烧到39.5")) ^ set(features("烧到40")) == {"#39", "#40"}
    assert "#120" in features("pulse 68, 126 over 80")
    assert "#long" in features("订单号" + "7" * 5000)
    assert "can't b" not in features("can't breathe")
    assert "can't breath" in features("i can't breathe")
    assert "？" in features("要紧吗？")


def test_what_sounds_alike_or_stands_near_is_a_sign_of_its_own():
    assert "~xion kou" in set(features("胸口疼")) & set(features("雄口疼"))
    assert "嘴…歪" in set(features("嘴有歪")) & set(features("嘴巴都歪"))
    assert "嘴…歪" not in features("嘴，都歪")  # a clause parts them
    assert "arm…weak" in features("arm is weak")


def test_english_within_chinese_is_read_by_words() -> None:
    assert {"speech", "slurre"} <= set(features("我的speech都slurred了"))
