import time

import pytest
import yaml

from bot.red_flags import Outcome, get_ready, look, rules
from bot.red_flags.phrases import Phrase, Sieve, pieces
from bot.red_flags.plain import plain
from bot.red_flags.reading import DATA, GRAVITY
from integrations.language.script import normalise

EMERGENCY = """
突然右手麻
右手麻木没力气
我妈嘴歪了说话大舌头
孩子叫不醒怎么办
老公突然说不了话了
我爸左边身子动不了
胸口像大石压着喘不上气
胸痛，出冷汗，左胳膊也麻
喘不过气来了嘴唇发紫
奶奶晕倒了没有反应了
流血止不住
吐了好多血
孩子抽搐口吐白沫
喝了农药
煤气中毒头晕
孩子误食纽扣电池
打完针喉咙肿喘不上来
刚出车祸腿断了
从三楼掉下来了
怀孕30周突然大出血
羊水破了
胎动没了
没有呼吸了
顺便问下我的快递到哪了，我爸现在胸口剧痛
he is not breathing
my mum's face is drooping and slurred speech
有人打我，就在楼道里
老公掐着我脖子，扬言要杀了我
姨父趁家里没人摸我，我不敢说
he has a gun and says he will kill us
流鼻血流了两个小时堵不住
我妈呕了小半碗血
心率195，眼前发黑
他吞了枚戒指，胸口痛咽不下东西
高压锅炸了一脸，眼睛睁不开
胳膊被压了两个钟头才救出来
奶奶摔了，左腿短一截，脚往外撇
水泥进了眼
眼睛忽然一半看不见
打完胰岛素，人开始说胡话
体温41，叫不应也不理人
宝宝刚满月，呼吸停一下喘一下
he has pneumonia and is now confused
her skin is mottled
"""
CRISIS = """
我不想活了
活着没意思
想自杀
我割腕了
想结束自己的生命
吃了一整瓶安眠药
I want to die
一次性吞了六十多片药
耳边老有声音叫我杀人
她产后一直哭，说要抱着孩子一起走
多少粒能没有痛苦地离开
胳膊上一道道全是刀割的伤
狗交给邻居了，大家保重
"""
NONE = """
气死我了
累死了，排队排了一上午
想死你了
心痛我的钱
笑得肚子疼
下周三上午挂心内科
没有昏迷过
没有胸痛也没有呼吸困难
去年中风了，现在想复查
脑中风后遗症挂哪个科
怎么预防中风
我要抽血化验
跳楼价促销是真的吗
快递堵死了
孩子发烧38度
血压有点高
家里没人打我，青是自己碰的
有人打我电话，说是你们医院的
老师摸我的头，说我发烧
邻居家的猫交给我养了
产后想带孩子一起走走
一口气吃了三十颗花生
吐了半碗血旺
孩子皮肤有点灰，洗不干净
she's got a knife set for sale
after antibiotics i am confused about the dose
"""


def lines(block):
    return block.strip().splitlines()


@pytest.mark.parametrize("text", lines(EMERGENCY))
def test_an_emergency_is_seen(text):
    assert look(text)[0] is Outcome.EMERGENCY


@pytest.mark.parametrize("text", lines(CRISIS))
def test_a_crisis_is_seen(text):
    assert look(text)[0] is Outcome.CRISIS


@pytest.mark.parametrize("text", lines(NONE))
def test_the_harmless_stays_quiet(text):
    assert look(text) == (Outcome.NONE, "")


def test_a_hit_must_end_in_the_new_text():
    assert look("说不了话", ["我妈", "突然"])[0] is Outcome.EMERGENCY
    assert look("在几楼", ["我妈突然说不了话"])[0] is Outcome.NONE


def test_a_life_in_danger_goes_before_a_crisis():
    assert look("不想活了，喝了农药")[0] is Outcome.EMERGENCY


def test_the_rule_is_named():
    assert look("奶奶昏迷了") == (Outcome.EMERGENCY, "conscious.gone")


@pytest.mark.parametrize(
    "words",
    [
        "直肠有息肉",
        "十二指肠溃疡复查",
        "嫂子产检",
        "孩子常年鼻炎",
        "鼻子常出血",
        "孩子参加体检",
        "这药治啥病",
        "职场体检套餐",
        "冇諗過傷害自己",
    ],
)
def test_parts_of_everyday_words_are_not_heard_as_something_grave(words: str) -> None:
    """直肠 and 子常 sound like 自残, 治啥 like 自杀."""
    assert look(normalise(words)) == (Outcome.NONE, "")


@pytest.mark.parametrize("words", ["我想zisha", "昨天自惨了", "zi can"])
def test_what_is_typed_in_letters_or_slips_is_heard(words: str) -> None:
    assert look(normalise(words))[0] is Outcome.CRISIS


@pytest.mark.parametrize(
    "words",
    [
        "我家娃两个月零三天，腋温38.1",
        "烧了七天了，每天下午都到39",
        "孩子四岁，反复高烧第6天，精神还行",
        "皮肤和眼珠子都黄了，尿像酱油",
        "开始肚脐那里疼，后来跑到右下边",
        "膝盖又红又肿，发烧38.8",
        "化疗后第九天，发烧38.4",
    ],
)
def test_what_is_to_be_seen_today(words: str) -> None:
    assert look(normalise(words))[0] in (Outcome.URGENT, Outcome.EMERGENCY)


def test_every_rule_sees_its_examples():
    """Or a graver one does; and it keeps quiet where it says so."""
    missed = [
        (rule.name, one, look(normalise(one)))
        for rule in rules()
        for one in rule.examples
        if GRAVITY.index(look(normalise(one))[0]) < GRAVITY.index(rule.outcome)
    ]
    rung = [(rule.name, one) for rule in rules() for one in rule.silent if look(normalise(one))[1]]
    assert (missed, rung) == ([], [])


@pytest.mark.parametrize("file", sorted(DATA.glob("*.yml")), ids=lambda file: file.stem)
def test_nothing_is_written_twice_under_one_name(file):
    """The second would quietly take the place of the first."""
    for node in _mappings(yaml.compose(file.read_text(encoding="utf-8"), yaml.CSafeLoader)):
        keys = [key.value for key, _ in node.value]
        assert sorted(keys) == sorted(set(keys))


def _mappings(node):
    if isinstance(node, yaml.MappingNode):
        yield node
    for one in node.value if not isinstance(node, yaml.ScalarNode) else ():
        for inner in one if isinstance(one, tuple) else (one,):
            yield from _mappings(inner)


def test_every_rule_names_its_guidance_and_has_examples():
    assert [rule.name for rule in rules() if not (rule.source and rule.examples and rule.silent)] == []
    names = [rule.name for rule in rules()]
    assert len(names) == len(set(names))


def test_putting_phrases_aside_by_their_pieces_loses_no_match():
    """A phrase that is not tried could not have matched."""
    texts = [plain(normalise(one)) for rule in rules() for one in (*rule.examples, *rule.silent)]
    phrases = [one for rule in rules() for side in (rule.patterns, rule.companions) if side
               for one in (*side.chinese, *side.english)]  # fmt: skip
    assert len(phrases) > 300
    for text in texts:
        held = pieces(text)
        for one in phrases:
            put_aside = any(need.isdisjoint(held) for need in one.needs)
            assert not (put_aside and one.pattern.search(text)), (text, one.pattern.pattern)


@pytest.mark.parametrize(
    ("written", "text", "tried"),
    [
        ("胸口(很|好)?(疼|痛)", "胸口疼", True),
        ("胸口(很|好)?(疼|痛)", "胸口好痛", True),
        ("胸口(很|好)?(疼|痛)", "口疼，挺胸", False),  # its characters, but not side by side
        ("血(?!压).{0,3}(止|停)不住", "血怎么停不住", True),
        ("血(?!压).{0,3}(止|停)不住", "血停了，住院不", False),
        ("(喘|咳){1,2}不", "咳喘不", True),
        ("(喘|咳){1,2}不", "不喘", False),
        ("chest (pain|ache)", "chest ache", True),
        ("chest (pain|ache)", "an ache in each step", False),
    ],
)  # fmt: skip
def test_a_phrase_is_tried_where_its_characters_stand_side_by_side(written, text, tried):
    held, phrase = pieces(text), Phrase.of(written)
    assert any(need.isdisjoint(held) for need in phrase.needs) is not tried
    assert tried or not phrase.pattern.search(text)


def test_the_sieve_leaves_the_phrases_that_can_match():
    phrases = [one for rule in rules() for one in (*rule.patterns.chinese, *rule.patterns.english)]
    sieve = Sieve(phrases)
    for rule in rules():
        held = pieces(plain(normalise(rule.examples[0])))
        left = sieve.left(held)
        for at, one in enumerate(phrases):
            assert bool(left >> at & 1) is not any(need.isdisjoint(held) for need in one.needs)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("喘不上起了", "喘不上气了"),
        ("喘 不 上 气", "喘不上气"),
        ("xiong kou teng", "胸口疼"),
        ("我妈突然 叫不醒了 怎么办啊现在", "我妈突然，叫不醒了，怎么办现在"),
        ("佢唔醒", "他不醒"),
        ("孩子抽畜", "孩子抽搐"),
        ("出院手续几点办", "出院手续几点办"),
        ("点办啊", "怎么办啊"),
        ("月子餐", "月子餐"),
        ("帮我挂心内科。。。谢谢", "帮我挂心内科。谢谢"),
    ],
)
def test_one_way_of_writing(written, meant):
    assert plain(written) == meant


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("血压200，头疼得厉害还吐了", Outcome.EMERGENCY),
        ("刚才晕倒了，现在已经好了", Outcome.URGENT),
        ("以前有过自杀的念头，现在好多了", Outcome.NONE),
        ("我去年想过自杀，现在又不想活了", Outcome.CRISIS),
        ("邻居家小狗晕倒了", Outcome.NONE),
        ("医生问有没有晕倒，没有", Outcome.NONE),
        ("如果中风了怎么办", Outcome.NONE),
        ("被狗咬了", Outcome.URGENT),
        ("胸口有点疼", Outcome.CHECK),
        ("做梦梦见我爸心脏骤停", Outcome.NONE),
    ],
)
def test_scopes_and_shades(text, outcome):
    assert look(text)[0] is outcome


def test_a_look_takes_no_time():
    """Without the first, which reads everything; the bound is generous, for the machine does other things too, whose
    time does not count."""
    get_ready()
    text = (
        "帮我看一下我的快递到哪了，另外我想约下周三上午心内科王医生的号，谢谢，孩子上次的报告能不能也发我一份"
    )
    took = min(_once(text) for _ in range(20))
    assert took < 0.02


def _once(text):
    began = time.process_time()
    look(text, ["我妈", "今天早上起来"])
    return time.process_time() - began
