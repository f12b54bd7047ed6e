"""Addresses as people type them."""

from __future__ import annotations

import pytest

from integrations.language.addresses import read_address, with_parts
from integrations.language.divisions import divisions, short
from integrations.language.personal import find_personal

MOBILE = "13812345678"


@pytest.mark.parametrize(
    ("typed", "recipient", "place", "street"),
    [
        ("张三 13812345678 北京市朝阳区建国路88号院3号楼1502室", "张三", "北京市朝阳区", "建国路88号院3号楼1502室"),
        ("收件人：李四，电话：138-1234-5678，地址：浙江杭州西湖区文三路1号", "李四", "浙江省杭州市西湖区", "文三路1号"),
        ("杭州西湖区文三路100号 王小明 13812345678", "王小明", "浙江省杭州市西湖区", "文三路100号"),
        ("北京朝阳建国路1号 13812345678 欧阳小明", "欧阳小明", "北京市朝阳区", "建国路1号"),
        ("长春市朝阳区人民大街1号 赵六 13812345678", "赵六", "吉林省长春市朝阳区", "人民大街1号"),
        ("吉林市昌邑区解放路3号 赵六 13812345678", "赵六", "吉林省吉林市昌邑区", "解放路3号"),
        ("广东东莞长安镇霄边大道5号 陈 先生 13812345678", "陈先生", "广东省东莞市", "长安镇霄边大道5号"),
        ("北京市北京市海淀区中关村大街1号 张三 13812345678", "张三", "北京市海淀区", "中关村大街1号"),
        ("新疆乌鲁木齐天山区1号楼 买买提·艾力 13812345678", "买买提·艾力", "新疆维吾尔自治区乌鲁木齐市天山区", "1号楼"),
        ("海南省琼海市嘉积镇1号 王五 13812345678", "王五", "海南省琼海市", "嘉积镇1号"),
        ("重慶市渝中區解放碑1號 陳大文 13812345678", "陈大文", "重庆市渝中区", "解放碑1号"),
        ("John Smith 13812345678 上海市徐汇区衡山路10号", "John Smith", "上海市徐汇区", "衡山路10号"),
        # a district that was founded after the list was made
        ("杭州市临平区南苑街道5号 王五 13812345678", "王五", "浙江省杭州市临平区", "南苑街道5号"),
    ],
)  # fmt: skip
def test_a_whole_address_in_one_message(typed: str, recipient: str, place: str, street: str) -> None:
    found = read_address(typed)
    assert found.division
    assert (found.recipient, found.phone, found.division.name, found.street) == (
        recipient,
        MOBILE,
        place,
        street,
    )
    assert found.missing == ""


@pytest.mark.parametrize(
    ("typed", "missing"),
    [
        ("张三 13812345678 建国路88号", "division"),
        ("张三 13812345678 北京市建国路88号", "division"),
        ("张三 13812345678 朝阳区建国路88号", "choice"),
        ("张三 13812345678 北京市朝阳区", "street"),
        ("北京市朝阳区建国路88号", "recipient"),
        ("张三 北京市朝阳区建国路88号", "phone"),
        ("你好", "division"),
    ],
)
def test_what_is_missing_is_known(typed: str, missing: str) -> None:
    assert read_address(typed).missing == missing


def test_a_district_of_several_cities_is_decided_by_the_city_or_offered() -> None:
    found = read_address("朝阳区建国路88号 张三 13812345678")
    assert {one.name for one in found.choices} == {"北京市朝阳区", "吉林省长春市朝阳区"}
    assert len(read_address("鼓楼区中山路1号").choices) > 3


def test_the_list_holds_what_stands_and_nothing_that_was_abolished() -> None:
    known = divisions()
    assert len(known.provinces) == 31
    names = {one.name for one in known.districts}
    assert "北京市密云区" in names
    assert "北京市崇文区" not in names
    assert "北京市密云县" not in names
    assert "河北省邢台市信都区" in names
    assert not any(one.district in ("市辖区", "县") for one in known.districts)
    assert short("内蒙古自治区") == "内蒙古"
    assert short("恩施土家族苗族自治州") == "恩施"


@pytest.mark.parametrize(
    ("typed", "recipient", "place", "street"),
    [
        ("Room 1203, Building 5, 88 Zhongguancun East Road, Haidian, Beijing", "", "北京市海淀区",
         "Zhongguancun East Road 88号5号楼1203室"),
        ("John Smith 13812345678 Room 1203, Building 5, No. 88 Zhongguancun East Road, Haidian District, Beijing",
         "John Smith", "北京市海淀区", "Zhongguancun East Road 88号5号楼1203室"),
        ("Name: Li Ping, Phone: 13812345678, Apt 5B, 12 Wensan Road, Xihu District, Hangzhou, Zhejiang Province 310000",
         "Li Ping", "浙江省杭州市西湖区", "Wensan Road 12号5B室"),
        ("88 Jianguo Road Chaoyang Beijing", "", "北京市朝阳区", "Jianguo Road 88号"),
        ("8F, Tower B, 100 Century Avenue, Pudong New District, Shanghai", "", "上海市浦东新区",
         "Century Avenue 100号 B座8层"),
        ("5 Heping Street, Yanta, Xi'an, Shaanxi", "", "陕西省西安市雁塔区", "Heping Street 5号"),
        ("Haidian, Beijing", "", "北京市海淀区", ""),
    ],
)  # fmt: skip
def test_an_address_in_english(typed: str, recipient: str, place: str, street: str) -> None:
    found = read_address(typed)
    assert found.division
    assert (found.recipient, found.division.name, found.street) == (recipient, place, street)


@pytest.mark.parametrize("typed", ["John Smith", "Li Ping", "thank you", "yes please", "Beijing duck 2"])
def test_a_name_in_english_is_no_address(typed: str) -> None:
    found = read_address(typed)
    assert found.division is None
    assert found.choices == ()


def test_a_district_in_english_may_be_several() -> None:
    names = {one.name for one in read_address("Chaoyang District, 88 Jianguo Road").choices}
    assert {"北京市朝阳区", "吉林省长春市朝阳区"} <= names


@pytest.mark.parametrize(
    ("street", "said", "whole"),
    [
        ("建国路88号3号楼502室", "5号楼", "建国路88号5号楼502室"),
        ("中关村大街1号3号楼502", "2号", "中关村大街2号3号楼502"),
        ("中关村大街1号3号楼502", "503", "中关村大街1号3号楼503"),
        ("建国路88号3号楼2单元502室", "5号楼1单元303室", "建国路88号5号楼1单元303室"),
        ("世纪大道100号5楼", "6楼601", "世纪大道100号6楼601"),
        ("世纪大道100号5楼", "3号楼", "世纪大道100号3号楼5楼"),
        ("Jianguo Road 88号3号楼502室", "5号楼", "Jianguo Road 88号5号楼502室"),
        ("建国路88号A座1203", "B座1203", "建国路88号B座1203"),
        ("幸福里小区十二号楼", "十三号楼", "幸福里小区十三号楼"),
        ("中关村大街1号", "5号楼", "中关村大街1号5号楼"),
        ("中关村大街1号", "中关村大街2号院", "中关村大街2号院"),
        ("中关村大街1号", "望京西园三区", "望京西园三区"),
        ("", "5号楼", "5号楼"),
    ],
)
def test_a_part_of_a_street_is_put_right_and_the_rest_of_it_stays(street: str, said: str, whole: str) -> None:
    assert with_parts(street, said) == whole


@pytest.mark.parametrize(
    ("said", "street", "recipient"),
    [
        (
            "deliver it to Room 502, Building 3, 88 Jianguo Road, Chaoyang, Beijing, John Smith 13800138000",
            "Jianguo Road 88号3号楼502室",
            "John Smith",
        ),
        ("please send it to my office at 88 Jianguo Road, Chaoyang, Beijing, Li Si 13900001111",
         "Jianguo Road 88号", "Li Si"),
        ("麻烦寄到上海浦东新区世纪大道100号5楼 李四 13900001111", "世纪大道100号5楼", "李四"),
        ("送到我家北京市朝阳区建国路88号 王五 13900001111", "建国路88号", "王五"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("expects", ["address", "place", None])
def test_the_words_for_sending_are_no_part_of_an_address(
    said: str, street: str, recipient: str, expects: str | None
) -> None:
    [span] = find_personal(said, expects)
    found = read_address(said[span.start : span.end])
    assert (found.street, found.recipient) == (street, recipient)
