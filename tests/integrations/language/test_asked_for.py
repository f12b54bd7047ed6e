"""Whom a patient asks for."""

from __future__ import annotations

from integrations.language.asked_for import Whom, whom

ASKED = {
    Whom.PHARMACIST: (
        "我想找药师", "转药房", "转药师",
        "麻烦帮我转一下药房", "问一下药师", "我要问问药房的人",
        "找药剂师咨询一下",
        "联系药房", "有药师吗", "药师在吗", "跟药师说话", "能不能和药师聊聊", "我想找藥師", "问下药房",
        "请转接药师，谢谢",
        "找刚才那位药师", "I want to talk to a pharmacist",
        "Can I ask the pharmacist a question?", "transfer me to the pharmacy",
    ),
    Whom.DOCTOR: (
        "问一下心内科的医生", "转心内科医生", "联系骨科大夫", "我想跟医生说话", "帮我转医生", "咨询一下皮肤科的专家",
        "和内分泌科的医生聊聊", "我想问问消化内科医生", "ask a doctor from cardiology",
    ),
    Whom.DOCTOR_BEFORE: ("找刚才那位医生", "我想找刚才的医生", "转给刚刚那个大夫", "talk to the doctor from before"),
    Whom.BEFORE: (
        "找刚才那位", "找刚才的客服", "换刚才那个人", "我要找上次那位客服", "转刚才那位同事", "跟刚才的人工说话",
        "speak to the same person just now",
    ),
}  # fmt: skip
OTHERWISE = (
    "转人工", "找人工客服", "药房在哪", "找药房", "药房几点下班", "药师审了吗", "药师怎么说",
    "找心内科医生", "找李静医生",
    "挂心内科医生", "问一下李静医生周三有号吗", "找心内科医生看病", "网上问医生", "医生什么时候回我", "找上次那位医生",
    "问一下心内科在几楼", "我要投诉药师", "药房的人态度不好", "问医生要不要空腹", "转心内科", "刚才那位医生态度很差",
    "",
    "I want to book a doctor", "where is the pharmacy", "talk to a person",
)  # fmt: skip


def test_whom_a_patient_asks_for() -> None:
    read = {said: whom(said) for words in ASKED.values() for said in words}
    assert read == {said: one for one, words in ASKED.items() for said in words}


def test_what_asks_for_nobody_in_particular_or_for_something_else() -> None:
    assert {said: whom(said) for said in OTHERWISE} == dict.fromkeys(OTHERWISE)
