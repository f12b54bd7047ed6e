"""The registration form as somebody filled it in, and what is wrong with it, field by field."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from integrations.hospital import families, patients
from integrations.hospital.documents import (
    TELLS_ALL,
    Identity,
    InvalidBirthDate,
    InvalidDocument,
    check_birth_date,
    read_identity,
    read_number,
)
from integrations.hospital.families import Ages
from integrations.hospital.models import DocumentKind, Relation, Sex

DOCUMENTS = {
    DocumentKind.RESIDENT_ID: "居民身份证",
    DocumentKind.PASSPORT: "护照",
    DocumentKind.HK_MACAU_PERMIT: "港澳居民来往内地通行证",
    DocumentKind.TAIWAN_PERMIT: "台湾居民来往大陆通行证",
    DocumentKind.RESIDENCE_PERMIT: "港澳台居民居住证",
}
RELATIONS = {
    Relation.PARENT: "父母",
    Relation.SPOUSE: "配偶",
    Relation.CHILD: "子女",
    Relation.GRANDPARENT: "祖父母、外祖父母",
    Relation.GRANDCHILD: "孙子女、外孙子女",
    Relation.SIBLING: "兄弟姐妹",
    Relation.OTHER: "其他亲友",
}
SEXES = {Sex.MALE: "男", Sex.FEMALE: "女"}
_ID_NUMBER_FAULTS = {
    "length": "证件号应为 18 位，请再数一下。",
    "characters": "证件号只有数字，最后一位可能是 X。",
    "region": "前 6 位的地区码不对，请再看一下；居住证请在上面选“港澳台居民居住证”。",
    "date": "第 7 到 14 位的出生日期不对，请再看一下。",
    "check_digit": "这个证件号差一位，请再看一下最后一位。",
}
_DOCUMENT_FAULTS = {
    DocumentKind.HK_MACAU_PERMIT: "通行证号是 H 或 M 加 8 位数字，请再看一下证件正面。",
    DocumentKind.TAIWAN_PERMIT: "台胞证号是 8 位数字，请再看一下证件正面。",
    DocumentKind.PASSPORT: "护照号一般是 6 到 12 位字母和数字，请再看一下护照首页。",
}
_TOO_YOUNG = f"不满 {patients.LEAST_AGE} 岁要由监护人登记：请监护人先登记本人，再在聊天里说“添加家人”。"


@dataclass(slots=True)
class Filled:
    """`family`: for a relative. `stage`: what the form asks for at its end: "" before the data are checked, then
    "code", or "guardian" for a minor without a phone of their own."""

    family: bool = False
    relation: str = ""
    name: str = ""
    document: str = DocumentKind.RESIDENT_ID
    id_number: str = field(default="", repr=False)
    birth_date: str = field(default="", repr=False)
    sex: str = ""
    phone: str = field(default="", repr=False)
    code: str = field(default="", repr=False)
    guardian: bool = False
    faults: dict[str, str] = field(default_factory=dict)
    notice: str = ""
    stage: str = ""

    @property
    def kind(self) -> DocumentKind:
        return DocumentKind(self.document) if self.document in set(DocumentKind) else DocumentKind.RESIDENT_ID

    @property
    def choices(self) -> dict[str, dict[Any, str]]:
        return {"document": DOCUMENTS, "relation": RELATIONS, "sex": SEXES}

    def check(self, today: date) -> Identity | None:
        """Reads every value; faults are kept beside their fields. Gives who it is when nothing is wrong, and sets
        the stage."""
        if self.family and self.relation not in set(RELATIONS):
            self.faults["relation"] = "请选就诊人和您的关系。"
        try:
            patients.read_person_name(self.name)
        except patients.InvalidName:
            self.faults["name"] = "请填证件上的姓名。"
        identity = self._identity(today)
        group = families.ages_of(identity.age(today)) if identity else Ages.ADULT
        if identity and group is Ages.CHILD and not self.family:
            self.faults["id_number" if identity.kind in TELLS_ALL else "birth_date"] = _TOO_YOUNG
        if (
            self.family
            and "relation" not in self.faults
            and not families.may_be(Relation(self.relation), group)
        ):
            self.faults["relation"] = "按证件上的年龄，就诊人还未成年，请再看一下关系。"
        by_guardian = self.family and (group is Ages.CHILD or (group is Ages.TEEN and not self.phone))
        if not by_guardian:
            self._check_phone()
        if self.faults:
            return None
        self.stage = "guardian" if by_guardian else "code"
        return identity

    def _identity(self, today: date) -> Identity | None:
        try:
            number = read_number(self.kind, self.id_number, today)
            if self.kind in TELLS_ALL:
                return read_identity(self.kind, number, today)
        except patients.InvalidIdNumber as error:
            self.faults["id_number"] = _ID_NUMBER_FAULTS[error.reason]
            return None
        except InvalidDocument as error:
            self.faults["id_number"] = _DOCUMENT_FAULTS[error.kind]
            return None
        if self.sex not in set(SEXES):
            self.faults["sex"] = "请选证件上的性别。"
        try:
            born = date.fromisoformat(self.birth_date)
            check_birth_date(born, today)
        except (ValueError, InvalidBirthDate):
            self.faults["birth_date"] = "请填证件上的出生日期，例如 1990-03-07。"
            return None
        return None if "sex" in self.faults else Identity(self.kind, number, born, Sex(self.sex))

    def _check_phone(self) -> None:
        try:
            patients.read_phone(self.phone)
        except patients.InvalidPhone as error:
            self.faults["phone"] = (
                "验证码目前只能发到中国大陆的手机号；没有的话请带证件到窗口登记。"
                if error.reason == "foreign"
                else "请填 11 位的手机号。"
            )
