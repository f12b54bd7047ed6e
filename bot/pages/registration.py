"""The page on which a patient registers, or adds a relative, without typing personal values into the chat."""

from __future__ import annotations

from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Form, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from bot.pages.filled import Filled
from bot.pages.rendering import render
from integrations.hospital import accounts, codes, events, families, links, patients
from integrations.hospital.codes import Verdict
from integrations.hospital.documents import Identity
from integrations.hospital.events import EventKind
from integrations.hospital.families import AddedStatus, Agreement
from integrations.hospital.models import ConsentMethod, Contact, PageLink, Relation
from integrations.hospital.patients import IdentityMismatch, Newcomer, RegistrationStatus
from integrations.runtime import Runtime
from integrations.sms.interface import SmsError, SmsUnknown

log = structlog.get_logger()
router = APIRouter(prefix="/p")

PURPOSE = "registration"
FAMILY = "family"
_MAX_FIELD = 64  # characters; the longest real name is far below

_DEAD_LINKS = {
    links.UnknownLink: (404, "这个链接打不开", "可能没有复制完整。请回到聊天里，重新点“注册”。"),
    links.LinkExpired: (410, "这个链接已过期", "链接只在 15 分钟内有效。请回到聊天里，重新点“注册”。"),
    links.LinkUsed: (410, "您已经注册好了", "这个链接用过一次就失效了。请回到聊天里继续。"),
}
_CHECK_LATER = "身份核验系统暂时没有回应，核好后会告诉您。现在可以回到聊天里继续。"
_BY_STAFF = "证件由工作人员第一次就诊时核对，请带上原件。现在可以回到聊天里继续。"
_BACK = "请回到聊天里继续。"
_NOT_ADDED = {
    families.Full: ("就诊人已经满了", "请回到聊天里，先移除不再需要的一位。"),
    families.IsOwner: ("这是您本人的证件", "您已经登记过了。给家人登记，请用家人的证件。"),
    families.NoGuardian: (
        "要由监护人登记",
        "监护人要是身份已核验的成年人。请先核验您本人，或带双方证件到窗口。",
    ),
    families.NoOwner: ("请先登记您本人", "请回到聊天里，先说“登记”，再添加家人。"),
}

Field = Annotated[str, Form(max_length=_MAX_FIELD)]


@router.get("/{token}")
async def show(token: str, request: Request) -> Response:
    """The empty form, as often as it is opened (messengers fetch previews)."""
    try:
        link = await _open(request.app.state.runtime, token)
    except links.LinkError as error:
        return _dead_link(request, error)
    return _form(request, Filled(family=link.purpose == FAMILY))


@router.post("/{token}")
async def submit(
    token: str,
    request: Request,
    action: Annotated[str, Form(max_length=16)],
    relation: Field = "",
    name: Field = "",
    document: Field = "resident_id",
    id_number: Field = "",
    birth_date: Field = "",
    sex: Field = "",
    phone: Field = "",
    code: Field = "",
    guardian: Annotated[bool, Form()] = False,
) -> Response:
    """Checks and sends the code (action "code"), or registers (action "register")."""
    rt: Runtime = request.app.state.runtime
    try:
        link = await _open(rt, token)
    except links.LinkError as error:
        return _dead_link(request, error)
    filled = Filled(
        link.purpose == FAMILY, relation, name.strip(), document, id_number.strip(), birth_date.strip(), sex,
        phone.strip(), code.strip(), guardian,
    )  # fmt: skip
    identity = filled.check(rt.local_now().date())
    if identity is None:
        return _form(request, filled)
    if action == "code":
        if filled.stage == "code":
            await _send_code(rt, link, filled)
        return _form(request, filled)
    return await _register(request, rt, token, link, filled, identity)


async def _open(rt: Runtime, token: str) -> PageLink:
    """The link, for oneself or for a relative. Raises LinkError."""
    async with rt.database.begin() as session:
        try:
            return await links.open_link(session, token, PURPOSE, rt.now())
        except links.UnknownLink:
            return await links.open_link(session, token, FAMILY, rt.now())


async def _send_code(rt: Runtime, link: PageLink, filled: Filled) -> None:
    phone = patients.read_phone(filled.phone)
    filled.stage = ""  # until one is on its way
    try:
        async with rt.database.begin() as session:
            contact = await _contact(session, link)
            owner = await patients.self_patient(session, contact.account_id)
            code = await codes.issue_code(
                session,
                rt.crypto,
                phone=phone,
                purpose=link.purpose,
                contact_id=link.contact_id,
                now=rt.now(),
            )
        assert code is not None, "without a key every call makes a code"
        if filled.family and owner:
            await rt.sms.send_consent_code(phone, code, owner.name)
        else:
            await rt.sms.send_code(phone, code)
    except codes.TooSoon as error:
        filled.faults["phone"] = f"验证码刚发过，请 {error.seconds} 秒后再要。"
        filled.stage = "code"
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
        if filled.family:
            filled.notice += "对方同意的话，会把验证码告诉您。"
    filled.stage = "code"


async def _register(
    request: Request, rt: Runtime, token: str, link: PageLink, filled: Filled, identity: Identity
) -> Response:
    if filled.stage == "code":
        async with rt.database.begin() as session:
            verdict = await codes.check_code(
                session,
                rt.crypto,
                phone=patients.read_phone(filled.phone),
                purpose=link.purpose,
                code=filled.code,
                contact_id=link.contact_id,
                now=rt.now(),
            )
        if not verdict.right:
            filled.faults["code"] = _code_fault(verdict)
            return _form(request, filled)
    elif not filled.guardian:
        filled.faults["guardian"] = "请确认您是监护人并同意。"
        return _form(request, filled)
    name = patients.read_person_name(filled.name)
    outcome = str(await rt.identity.check(name, identity.number)) if identity.checkable else "unchecked"
    write = _write_family if filled.family else _write_self
    try:
        async with rt.database.begin() as session:
            await links.finish_link(session, token, link.purpose, rt.now())
            title, words = await write(session, rt, link, filled, identity, outcome)
    except links.LinkError as error:
        return _dead_link(request, error)
    except IdentityMismatch:
        filled.faults["name"] = "姓名和证件号对不上，请看一下是哪一项写错了，再提交一次。"
        filled.code, filled.stage = "", ""
        return _form(request, filled)
    except patients.SelfExists:
        title, words = "您已经注册过", "一个账号只登记一位本人。请回到聊天里继续。"
    except families.FamilyError as error:
        title, words = _NOT_ADDED.get(type(error), ("没有登记成", "请回到聊天里再试一次，或联系医院。"))
    return render(request, "notice.html", title=title, words=words)


async def _write_self(
    session: AsyncSession, rt: Runtime, link: PageLink, filled: Filled, identity: Identity, outcome: str
) -> tuple[str, str]:
    """Registers and tells the chat, in the transaction that uses the link up."""
    contact = await _contact(session, link)
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
        document=identity.kind,
        birth_date=identity.birth_date,
        sex=identity.sex,
    )
    await _tell(session, contact, {"purpose": PURPOSE})
    if registration.status is RegistrationStatus.OTHER_PHONE:
        return (
            "还要核实是您本人",
            "医院已有的信息和您填的手机号不同。为保护您的隐私，请回到聊天里继续核实。",
        )
    pending = registration.status is RegistrationStatus.PENDING
    return "注册好了", _after(pending=pending, outcome=outcome)


async def _write_family(
    session: AsyncSession, rt: Runtime, link: PageLink, filled: Filled, identity: Identity, outcome: str
) -> tuple[str, str]:
    """As for oneself. Raises FamilyError."""
    contact = await _contact(session, link)
    phone = (
        patients.read_phone(filled.phone)
        if filled.stage == "code"
        else await patients.own_phone(session, rt.crypto, contact.account_id)
    )
    added = await families.add(
        session,
        rt.crypto,
        contact=contact,
        relation=Relation(filled.relation),
        person=Newcomer(patients.read_person_name(filled.name), identity, phone, outcome == "match"),
        outcome=outcome,
        agreement=Agreement(
            own=filled.stage == "code", guardian=filled.stage == "guardian", at=ConsentMethod.PAGE
        ),
        most=rt.settings.patients_per_account,
        key=None,
        now=rt.now(),
    )
    if added.patient_id is None:
        await _tell(session, contact, {"purpose": FAMILY})
        return (
            "还要再核实一下",
            "这个证件号在本院已有档案。请回到聊天里说“添加家人”，在那里用档案里的手机核实，或带证件到窗口。",
        )
    await _tell(session, contact, {"purpose": FAMILY, "patient": str(added.patient_id)})
    return "登记好了", _after(pending=added.status is AddedStatus.PENDING, outcome=outcome)


async def _contact(session: AsyncSession, link: PageLink) -> Contact:
    contact = await accounts.contact(session, link.contact_id)
    assert contact is not None, "a link belongs to a contact"
    return contact


async def _tell(session: AsyncSession, contact: Contact, payload: dict[str, Any]) -> None:
    await events.emit(
        session,
        EventKind.PAGE_COMPLETED,
        account_id=contact.account_id,
        contact_id=contact.id,
        payload=payload,
    )


def _after(*, pending: bool, outcome: str) -> str:
    if not pending:
        return _BACK
    return _BY_STAFF if outcome == "unchecked" else _CHECK_LATER


def _code_fault(check: codes.CodeCheck) -> str:
    match check.verdict:
        case Verdict.WRONG:
            return f"验证码不对，还可以试 {check.left} 次。"
        case Verdict.TOO_MANY_TRIES:
            return "错的次数太多，这个验证码作废了，请再要一个。"
        case _:
            return "验证码已过期，请再要一个。"


def _form(request: Request, filled: Filled) -> Response:
    return render(request, "registration.html", filled=filled, status=422 if filled.faults else 200)


def _dead_link(request: Request, error: links.LinkError) -> Response:
    status, title, words = _DEAD_LINKS[type(error)]
    return render(request, "notice.html", status=status, title=title, words=words)
