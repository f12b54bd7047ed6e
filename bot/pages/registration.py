"""The page on which a patient registers without typing personal values into the chat."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

import structlog
from fastapi import APIRouter, Form, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from bot.pages.rendering import render
from integrations.hospital import accounts, codes, events, links, patients
from integrations.hospital.codes import Verdict
from integrations.hospital.events import EventKind
from integrations.hospital.models import PageLink
from integrations.hospital.patients import IdentityMismatch, Registration, RegistrationStatus
from integrations.identity.interface import Outcome
from integrations.runtime import Runtime
from integrations.sms.interface import SmsError, SmsUnknown

log = structlog.get_logger()
router = APIRouter(prefix="/p")

PURPOSE = "registration"
_MAX_FIELD = 64  # characters; the longest real name is far below

_DEAD_LINKS = {
    links.UnknownLink: (404, "这个链接打不开", "可能没有复制完整。请回到聊天里，重新点“注册”。"),
    links.LinkExpired: (410, "这个链接已过期", "链接只在 15 分钟内有效。请回到聊天里，重新点“注册”。"),
    links.LinkUsed: (410, "您已经注册好了", "这个链接用过一次就失效了。请回到聊天里继续。"),
}
_ID_NUMBER_FAULTS = {
    "length": "身份证号应为 18 位，请再数一下。",
    "characters": "身份证号只有数字，最后一位可能是 X。",
    "region": "前 6 位的地区码不对，请再看一下。",
    "date": "第 7 到 14 位的出生日期不对，请再看一下。",
    "check_digit": "这个证件号差一位，请再看一下最后一位。",
}
_TOO_YOUNG = f"不满 {patients.LEAST_AGE} 岁要由监护人登记，请监护人带双方证件到医院窗口办理。"


@dataclass(slots=True)
class _Filled:
    """The form as the patient filled it in, and what is wrong with it by field."""

    name: str = ""
    id_number: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    code: str = field(default="", repr=False)
    faults: dict[str, str] = field(default_factory=dict)
    notice: str = ""
    code_sent: bool = False


@router.get("/{token}")
async def show(token: str, request: Request) -> Response:
    """The empty form, as often as it is opened (messengers fetch previews)."""
    rt: Runtime = request.app.state.runtime
    try:
        async with rt.database.begin() as session:
            await links.open_link(session, token, PURPOSE, rt.now())
    except links.LinkError as error:
        return _dead_link(request, error)
    return _form(request, _Filled())


@router.post("/{token}")
async def submit(
    token: str,
    request: Request,
    action: Annotated[str, Form(max_length=16)],
    name: Annotated[str, Form(max_length=_MAX_FIELD)] = "",
    id_number: Annotated[str, Form(max_length=_MAX_FIELD)] = "",
    phone: Annotated[str, Form(max_length=_MAX_FIELD)] = "",
    code: Annotated[str, Form(max_length=_MAX_FIELD)] = "",
    code_sent: Annotated[bool, Form()] = False,
) -> Response:
    """Sends the code (action "code"), or registers (action "register")."""
    rt: Runtime = request.app.state.runtime
    asked_for_code = code_sent or action == "register"
    filled = _Filled(name.strip(), id_number.strip(), phone.strip(), code.strip(), code_sent=asked_for_code)
    try:
        async with rt.database.begin() as session:
            link = await links.open_link(session, token, PURPOSE, rt.now())
    except links.LinkError as error:
        return _dead_link(request, error)
    _check_fields(rt, filled)
    if filled.faults:
        return _form(request, filled)
    if action == "code":
        await _send_code(rt, link, filled)
        return _form(request, filled)
    return await _register(request, rt, token, link, filled)


def _check_fields(rt: Runtime, filled: _Filled) -> None:
    """Reads each value; faults are told beside their fields."""
    try:
        patients.read_person_name(filled.name)
    except patients.InvalidName:
        filled.faults["name"] = "请填身份证上的姓名。"
    try:
        today = rt.local_now().date()
        if patients.read_id_number(filled.id_number, today).age(today) < patients.LEAST_AGE:
            filled.faults["id_number"] = _TOO_YOUNG
    except patients.InvalidIdNumber as error:
        filled.faults["id_number"] = _ID_NUMBER_FAULTS[error.reason]
    try:
        patients.read_phone(filled.phone)
    except patients.InvalidPhone:
        filled.faults["phone"] = "请填 11 位的手机号。"


async def _send_code(rt: Runtime, link: PageLink, filled: _Filled) -> None:
    phone = patients.read_phone(filled.phone)
    try:
        async with rt.database.begin() as session:
            code = await codes.issue_code(
                session, rt.crypto, phone=phone, purpose=PURPOSE, contact_id=link.contact_id, now=rt.now()
            )
        assert code is not None, "without a key every call makes a code"
        await rt.sms.send_code(phone, code)
    except codes.TooSoon as error:
        filled.faults["phone"] = f"验证码刚发过，请 {error.seconds} 秒后再要。"
        filled.code_sent = True
        return
    except codes.TooMany as error:
        filled.faults["phone"] = f"这个号码要的验证码太多了，请约 {error.hours} 小时后再试。"
        return
    except SmsUnknown:
        filled.notice = "短信可能稍晚才到。一分钟后还没收到，请再要一次。"
    except SmsError as error:
        log.warning("code not sent", reason=type(error).__name__)
        filled.faults["phone"] = "短信暂时发不出去，请过几分钟再试，或联系医院。"
        return
    else:
        filled.notice = f"验证码已发到 {patients.mask_phone(phone)}，5 分钟内有效。"
    filled.code_sent = True


async def _register(request: Request, rt: Runtime, token: str, link: PageLink, filled: _Filled) -> Response:
    phone = patients.read_phone(filled.phone)
    async with rt.database.begin() as session:
        verdict = await codes.check_code(
            session,
            rt.crypto,
            phone=phone,
            purpose=PURPOSE,
            code=filled.code,
            contact_id=link.contact_id,
            now=rt.now(),
        )
    if not verdict.right:
        filled.faults["code"] = _code_fault(verdict)
        return _form(request, filled)
    id_number = patients.read_id_number(filled.id_number, rt.local_now().date())
    outcome = await rt.identity.check(patients.read_person_name(filled.name), id_number.number)
    try:
        async with rt.database.begin() as session:
            await links.finish_link(session, token, PURPOSE, rt.now())
            registration = await _write(session, rt, link, filled, outcome)
    except links.LinkError as error:
        return _dead_link(request, error)
    except IdentityMismatch:
        filled.faults["name"] = "姓名和身份证号对不上，请看一下是哪一项写错了，再要一次验证码。"
        filled.code, filled.code_sent = "", False
        return _form(request, filled)
    except patients.SelfExists:
        return render(
            request, "notice.html", title="您已经注册过", words="一个账号只登记一位本人。请回到聊天里继续。"
        )
    if registration.status is RegistrationStatus.OTHER_PHONE:
        return render(
            request,
            "notice.html",
            title="需要工作人员核实",
            words="这个证件号在本院登记过，但手机号不同。为保护您的信息，请带证件到门诊服务台核实，或拨打医院电话。",
        )
    pending = registration.status is RegistrationStatus.PENDING
    return render(
        request,
        "notice.html",
        title="注册好了",
        words="身份核验系统暂时没有回应，核好后会告诉您。现在可以回到聊天里继续。"
        if pending
        else "请回到聊天里继续。",
    )


async def _write(
    session: AsyncSession, rt: Runtime, link: PageLink, filled: _Filled, outcome: Outcome
) -> Registration:
    """Registers and tells the chat, in the transaction that uses the link up."""
    contact = await accounts.contact(session, link.contact_id)
    assert contact is not None, "a link belongs to a contact"
    registration = await patients.register(
        session,
        rt.crypto,
        account_id=contact.account_id,
        name=filled.name,
        id_number=filled.id_number,
        phone=filled.phone,
        outcome=outcome,
        key=None,
        now=rt.now(),
    )
    await events.emit(
        session,
        EventKind.PAGE_COMPLETED,
        account_id=contact.account_id,
        contact_id=contact.id,
        payload={"purpose": PURPOSE},
    )
    return registration


def _code_fault(check: codes.CodeCheck) -> str:
    match check.verdict:
        case Verdict.WRONG:
            return f"验证码不对，还可以试 {check.left} 次。"
        case Verdict.TOO_MANY_TRIES:
            return "错的次数太多，这个验证码作废了，请再要一个。"
        case _:
            return "验证码已过期，请再要一个。"


def _form(request: Request, filled: _Filled) -> Response:
    return render(request, "registration.html", filled=filled, status=422 if filled.faults else 200)


def _dead_link(request: Request, error: links.LinkError) -> Response:
    status, title, words = _DEAD_LINKS[type(error)]
    return render(request, "notice.html", status=status, title=title, words=words)
