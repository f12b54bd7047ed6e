"""Numbers that count, name or date something: no value is read from them, and none beside them is lost."""

from __future__ import annotations

import pytest

from integrations.language.counting import hide
from integrations.language.measurements import Measured, MeasurementKind, find_measurements, find_numbers

GLUCOSE = [
    # said in an answer to the question for blood sugar, and the value in it
    ("三餐后都是8.2", [8.2]),
    ("一日三餐后都测了，8.2", [8.2]),
    ("两餐之间6.5", [6.5]),
    ("3餐后都是9.1", [9.1]),
    ("测了两回，8.1", [8.1]),
    ("第二次测的7.3", [7.3]),
    ("第2回是7.3", [7.3]),
    ("一天三次，6.8", [6.8]),
    ("一天2-3次，6.8", [6.8]),
    ("一天测两三次 7.0", [7.0]),
    ("2型糖尿病，今天7.1", [7.1]),
    ("我是二型的，7.1", [7.1]),
    ("我有三高，6.9", [6.9]),
    ("吃了二甲双胍，7.5", [7.5]),
    ("二甲双胍500毫克吃着，7.5", [7.5]),
    ("打了8个单位胰岛素，6.5", [6.5]),
    ("打了12单位，6.5", [6.5]),
    ("周三，6.1", [6.1]),
    ("周三测的6.1", [6.1]),
    ("星期四 6.2", [6.2]),
    ("礼拜二早上6.4", [6.4]),
    ("初三那天6.4", [6.4]),
    ("十一期间测的7.8", [7.8]),
    ("早上7:30 6.1", [6.1]),
    ("早上7点30 6.1", [6.1]),
    ("早上7点30分测的6.1", [6.1]),
    ("早上七点三十测的，六点一", [6.1]),
    ("七点一刻测的5.9", [5.9]),
    ("7点6.1", [6.1]),
    ("11/20 6.1", [6.1]),
    ("11月20 6.1", [6.1]),
    ("2026-11-20 6.1", [6.1]),
    ("饭后90分钟 8.8", [8.8]),
    ("饭后一个半小时9.2", [9.2]),
    ("餐后2h 8.6", [8.6]),
    ("今年65岁，7.2", [7.2]),
    ("六十多岁了，7.2", [7.2]),
    ("吃了两碗饭，9.8", [9.8]),
    ("吃了三两饭，9.8", [9.8]),
    ("就喝了一碗粥，8.9", [8.9]),
    ("家里三个人都测了，我6.6", [6.6]),
    ("走了5公里，6.6", [6.6]),
    ("糖化6.5，空腹6.1", [6.1]),
    ("血糖降了2，现在8.1", [8.1]),
    ("6.1回家测的", [6.1]),
    ("6.1周一测的", [6.1]),
    ("8.3天天都这样", [8.3]),
    ("6点5", [6.5]),
    ("空腹六点五", [6.5]),
    ("twice a day, 2 tablets, 6.8", [6.8]),
    ("2 hours after lunch 8.4", [8.4]),
    ("took metformin 500 mg, 7.4", [7.4]),
    ("三餐后都是8", [8]),
    ("早饭后两个钟头九点二", [9.2]),
    ("昨天6.1，今天7.2", [6.1, 7.2]),
    # the hour and the decimal, in either script and in both
    ("餐后16点8", [16.8]),
    ("餐后十六点八", [16.8]),
    ("餐后十六点8", [16.8]),
    ("餐后16点八", [16.8]),
    ("空腹六点5，餐后十六点8", [6.5, 16.8]),
    ("二十五点3", [25.3]),
    ("早上7点30测的十六点8", [16.8]),
    ("早上七点30测的6.1", [6.1]),
    ("早上七点30测的，六点一", [6.1]),
    ("早上7点三十测的6.1", [6.1]),
    ("早上七点三十测的6.1", [6.1]),
    ("早上七点05测的6.1", [6.1]),
    ("早上7点零五测的6.1", [6.1]),
    ("晚上二十一点15分，16.8", [16.8]),
    ("早上七点5分，6.1", [6.1]),
    ("晚上8点三刻，6.1", [6.1]),
    ("早上七点6.1", [6.1]),
    ("早上七点2片药，6.1", [6.1]),
    # 个 is said for mmol/L, and counts
    ("血糖25个", [25]),
    ("血糖二十五个", [25]),
    ("空腹16.8个", [16.8]),
    ("空腹十六点八个", [16.8]),
    ("空腹十六点8个", [16.8]),
    ("空腹16点8个", [16.8]),
    ("空腹16点八个", [16.8]),
    ("餐后25个了", [25]),
    ("血糖7点测的25个", [25]),
    ("血糖测了25个", [25]),
    ("空腹六个，餐后9个左右", [6, 9]),
    ("血糖测了两个，16.8", [16.8]),
    ("血糖测了3个，16.8", [16.8]),
    ("饭后吃了3个，8.8", [8.8]),
    ("餐后2个小时8.6", [8.6]),
    ("血糖高了3个，现在9.1", [9.1]),
    ("血糖试纸还有25个，9.1", [9.1]),
    ("孩子3个，空腹6.1", [6.1]),
    # mg of medicine, and mg/dl of sugar
    ("吃完饭血糖350mg/dl", [19.4]),
    ("吃完饭350mg/dl", [19.4]),
    ("吃完饭血糖三百五十毫克/分升", [19.4]),
    ("吃药后血糖350mg", [19.4]),
    ("after taking insulin 350 mg/dl", [19.4]),
    ("吃了降血糖的药500mg，7.5", [7.5]),
    ("二甲双胍饭后500毫克，7.5", [7.5]),
    # 七点零五 is 7.05, and an hour where the words say so
    ("七点零五", [7.0]),
    ("空腹七点零五", [7.0]),
    ("早上七点零五量的，6.1", [6.1]),
    ("早上七点零五，6.1", [6.1]),
    ("七点零五量的，六点一", [6.1]),
    ("七点零五 六点一", [6.1]),
    ("早上七点零五", [7.0]),
    ("早上三点零二", [3.0]),
    ("二点零八，3分钟前", [2.1]),
    ("二点零八，已经吃糖15克了", [2.1]),
    ("餐前三点零一，餐后十六点零五", [3.0, 16.1]),
    # what it should be, what it is not above, and what it was
    ("目标是7，今天8.1", [8.1]),
    ("没超过7", []),
    ("从8.5降到6.1", [6.1]),
    ("正常，6.1", [6.1]),
    ("很正常6.1", [6.1]),
    ("不到3", [3]),
    ("昨天血糖8.5，今天6.1", [8.5, 6.1]),
    ("yesterday fasting 8.5, today 6.1", [8.5, 6.1]),
    ("三四天没测了，6.5", [6.5]),
    ("走了五六千步，6.5", [6.5]),
    ("三四十分钟前测的6.5", [6.5]),
    ("打了七八个单位，6.5", [6.5]),
    ("比昨天高了2，今天9.5", [9.5]),
    ("上次8.5，这次6.1", [6.1]),
    ("上次是8.5", [8.5]),
    ("餐后16到18", [16, 18]),
    ("大概在6.5到7之间", [6.5, 7]),
    ("空腹6.5到7", [6.5, 7]),
    ("空腹6.1 睡前2.8", [6.1, 2.8]),
    ("空腹6。1", [6.1]),
    ("要不要打120", []),
    # next to the name or the unit of something else
    ("餐后心率80", []),
    ("餐后走了一圈，心率110", []),
    ("餐后2小时心率80，血糖8.2", [8.2]),
    ("血氧98", []),
    ("空腹血脂5.2", []),
    ("胆固醇5.2，空腹6.1", [6.1]),
    ("空腹62公斤", []),
    ("血糖8度", [8]),
    # nothing is told
    ("两只手都扎了", []),
    ("糖化6.5%", []),
    ("三餐都按时吃", []),
    ("第二天再测", []),
    ("周三去测", []),
    ("晚上8点多测的", []),
    ("早上8点多", []),
    ("十分稳定", []),
    ("一直都好", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "values"), GLUCOSE)
def test_blood_sugar(text: str, values: list[float]) -> None:
    assert [one.value["value"] for one in find_measurements(text, "glucose")] == values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("两只胳膊都是135/85", ["135/85"]),
        ("两只胳膊都是135 85", ["135/85"]),
        ("左边130/82 右边128/80", ["130/82", "128/80"]),
        ("左边130 右边128", ["130/–"]),
        ("上午下午各测了一次，135/85", ["135/85"]),
        ("一天三次，135 85", ["135/85"]),
        ("第二次测的，135 85", ["135/85"]),
        ("2级高血压，135 85", ["135/85"]),
        ("我65岁，血压135 85", ["135/85"]),
        ("7:30 135 85", ["135/85"]),
        ("11/20 135 85", ["135/85"]),
        ("早上7点135/85，晚上8点140/90", ["135/85", "140/90"]),
        ("量了3次 135 85", ["135/85"]),
        ("高压测了几回都是130，低压是80", ["130/80"]),
        ("高压130左右，低压80左右", ["130/80"]),
        ("吃药30分钟后135/85", ["135/85"]),
        ("血压周三135/85", ["135/85"]),
        ("高压135天天这样，低压85", ["135/85"]),
        ("135/85/72", ["135/85"]),
        ("135.85", ["135/85"]),
        ("上次180/110，这次135/85", ["135/85"]),
        ("要不要打120", []),
        ("我打了120", []),
        ("120", ["120/–"]),
        ("打120/80", ["120/80"]),
        ("180/110/72", ["180/110"]),
        ("心率都量了，185 110 72", ["185/110"]),
        ("135/85 11/23", ["135/85"]),
        ("120到130", ["130/–"]),
        ("高压170到190，低压80到85", ["170/80", "190/85"]),
        ("120-130/80-85", ["130/80", "130/85"]),
        ("135/85-140/90", ["135/85", "140/90"]),
        ("高的140，低的80", ["140/80"]),
        ("上面140下面80", ["140/80"]),
        ("最高138，最低85", ["138/85"]),
        ("最高150/95，最低130/80", ["150/95", "130/80"]),
        ("低压八十多", ["–/80"]),
        ("昨天140/90今天130/80", ["140/90", "130/80"]),
        ("从150/95降到135/85", ["135/85"]),
        ("目标130/80，现在150/95", ["150/95"]),
        ("正常，135/85", ["135/85"]),
        ("控制在130/80左右", ["130/80"]),
        ("没超过140/90", []),
        ("都在140/90以下", []),
        ("体重62公斤", []),
        ("体重62", []),
        ("血氧98", []),
    ],
)  # fmt: skip
def test_blood_pressure(text: str, values: list[str]) -> None:
    found = find_measurements(text, "blood_pressure")
    told = [one for one in found if one.kind == "blood_pressure"]
    assert ["/".join(_part(one, part) for part in ("systolic", "diastolic")) for one in told] == values


def test_the_third_number_is_the_pulse() -> None:
    [found] = find_measurements("135/85/72")
    assert found.value == {"systolic": 135, "diastolic": 85, "pulse": 72}


@pytest.mark.parametrize("expected", MeasurementKind)
@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("空腹体重62", "weight"),
        ("空腹体温36.8", "temperature"),
        ("早饭后体温36.8", "temperature"),
        ("餐后血压135 85", "blood_pressure"),
        ("体重62公斤", "weight"),
        ("空腹血糖6.1", "glucose"),
        ("心率80", None),
        ("餐后心率80", None),
        ("血氧98", None),
        ("身高170", None),
        ("heart rate 80", None),
    ],
)
def test_a_number_with_a_name_is_that_whatever_was_asked_for(
    text: str, kind: str | None, expected: MeasurementKind
) -> None:
    assert [one.kind for one in find_measurements(text, expected)] == ([kind] if kind else [])


def _part(found: Measured, part: str) -> str:
    return f"{found.value[part]:g}" if part in found.value else "–"


@pytest.mark.parametrize(
    ("text", "kilograms"),
    [
        ("穿着两件衣服称的，62", 62),
        ("第二次称的62", 62),
        ("瘦了两斤，现在62公斤", 62),
        ("胖了3公斤，现在64.5公斤", 64.5),
        ("比上次轻了2斤，124斤", 62),
        ("减了5斤，62", 62),
        ("身高170，62公斤", 62),
        ("1米7，62公斤", 62),
        ("早上七点称的，62", 62),
        ("早上七点58公斤", 58),
        ("早上7点58公斤", 58),
        ("早上七点30称的，62", 62),
        ("六十二点5公斤", 62.5),
        ("lost 2 kg, now 62 kg", 62),
        ("两天没称了，大概62", 62),
        ("体温36.8，62", 62),
        ("从65降到62", 62),
    ],
)
def test_weight(text: str, kilograms: float) -> None:
    told = [one.value for one in find_measurements(text, "weight") if one.kind == "weight"]
    assert told == [{"value": kilograms}]


@pytest.mark.parametrize(
    "text",
    [
        "血氧98，38.5",
        "伤口有点红，体温又量了38.5",
        "早上七点38度5",
        "早上7点38度5",
        "早上七点30量的38度5",
        "三十八点5",
        "38点五",
        "七点30，38.5",
    ],
)
def test_fever(text: str) -> None:
    assert [one.value for one in find_measurements(text, "temperature")] == [{"value": 38.5}]


@pytest.mark.parametrize(
    ("text", "scores"),
    [
        ("十分", [10]),
        ("十分，睡不着", [10]),
        ("十分。", [10]),
        ("十分！", [10]),
        ("十分吧", [10]),
        ("十分了", [10]),
        ("十分 睡不着", [10]),
        ("疼，有十分吧，没法睡", [10]),
        ("十分疼", []),
        ("十分地疼", []),
        ("疼得十分厉害，8分", [8]),
        ("我十分了解", []),
        ("早上7点十分，8分", [8]),
        ("早上七点十分，八分", [8]),
        ("疼了十分钟，8分", [8]),
    ],
)
def test_ten_of_ten(text: str, scores: list[float]) -> None:
    assert find_numbers(text) == scores


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("三餐后都是8点多", 8, 8.9),
        ("空腹七点几", 7, 7.9),
        ("8点多吧", 8, 8.9),
        ("血糖8个多", 8, 8.9),
        ("8.几", 8, 8.9),
        ("血糖十几", 10, 19),
        ("餐后二十多", 20, 29),
        ("七八左右", 7, 7.9),
        ("空腹七八吧", 7, 7.9),
        ("十八九", 18, 18.9),
    ],
)
def test_a_digit_is_left_open(text: str, least: float, most: float) -> None:
    [found] = find_measurements(text, "glucose")
    assert found.at_most is not None
    assert (found.value["value"], found.at_most["value"]) == (least, most)


def test_open_digits_of_the_others() -> None:
    [pressure] = find_measurements("高压130多，低压80多")
    assert pressure.value == {"systolic": 130, "diastolic": 80}
    assert pressure.at_most == {"systolic": 139, "diastolic": 89}
    [low] = find_measurements("低压八九十")
    assert (low.value, low.at_most) == ({"diastolic": 80}, {"diastolic": 89})
    [high] = find_measurements("高压一百三四十，低压八十")
    assert high.value == {"systolic": 130, "diastolic": 80}
    [weight] = find_measurements("体重120多斤")
    assert (weight.value, weight.at_most) == ({"value": 60}, {"value": 64.5})


def test_an_hour_is_no_value_where_nobody_spoke_of_sugar() -> None:
    assert find_measurements("晚饭后8点多") == []
    assert find_measurements("饭后8点多出去走走") == []


def test_every_character_keeps_its_place() -> None:
    text = "周三7:30第二次，二甲双胍500mg，一天2-3次，空腹6.1"
    assert len(hide(text)) == len(text)
    assert hide(text).endswith("空腹6.1")
