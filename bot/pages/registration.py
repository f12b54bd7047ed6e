"""The page on which a patient registers, or adds a relative, without typing personal values into the chat."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID

import structlog
from fastapi import APIRouter, Form, Request, Response
from redis.exceptions import RedisError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.pages.filled import CHOICES, Filled
from bot.pages.speech import Line, Speech, line
from bot.pages.visit import FAMILY, PURPOSE, Visit, consenting, dead_link, open_visit
from integrations.hospital import codes, events, families, links, patients
from integrations.hospital.codes import Verdict
from integrations.hospital.documents import Identity
from integrations.hospital.events import EventKind
from integrations.hospital.families import AddedStatus, Ages, Agreement, Coming
from integrations.hospital.models import ConsentMethod, Contact, PageLink, Relation
from integrations.hospital.patients import IdentityMismatch, Newcomer, RegistrationStatus
from integrations.runtime import Runtime
from integrations.sms.interface import SmsError, SmsUnknown

log = structlog.get_logger()
router = APIRouter(prefix="/p")

_CHECKS_A_DAY = 20  # of names against numbers, for one contact: whoever guesses gets no further
_MAX_FIELD = 64  # characters; the longest real name is far below

# The catalogue's page_<name> and page_<name>_title.
_NOT_ADDED = {
    families.Full: "full",
    families.IsOwner: "own_document",
    families.NoGuardian: "no_guardian",
    families.NoOwner: "no_owner",
}

Field = Annotated[str, Form(max_length=_MAX_FIELD)]


@router.get("/{token}")
async def show(token: str, request: Request, relation: str = "") -> Response:
    """The form, as often as it is opened (messengers fetch previews); empty but for what the chat knows."""
    try:
        visit = await open_visit(request, token)
    except links.LinkError as error:
        return await dead_link(request, error)
    known = relation if relation in CHOICES["relation"] else ""
    return visit.form(Filled(family=visit.link.purpose == FAMILY, relation=known))


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
    try:
        visit = await open_visit(request, token)
    except links.LinkError as error:
        return await dead_link(request, error)
    filled = Filled(
        visit.link.purpose == FAMILY, visit.rt.settings.hospital_phone, relation, name.strip(), document,
        id_number.strip(), birth_date.strip(), sex, phone.strip(), code.strip(), guardian,
    )  # fmt: skip
    identity = filled.check(visit.rt.local_now().date())
    if identity is None:
        return visit.form(filled)
    if action == "code":
        if filled.stage == "code":
            try:
                await _send_code(visit.rt, visit.link, filled, visit.speech, identity)
            except links.LinkError as error:
                return await dead_link(request, error)
        return visit.form(filled)
    return await _register(visit, filled, identity)


async def _send_code(rt: Runtime, link: PageLink, filled: Filled, spoken: Speech, identity: Identity) -> None:
    phone = patients.read_phone(filled.phone)
    filled.stage = ""  # until one is on its way
    try:
        async with rt.database.begin() as session:
            contact = await consenting(session, link)
            owner = await patients.self_patient(session, contact.account_id)
            if filled.family and owner and await _is_own(session, rt, contact, identity, phone):
                _ask_otherwise(filled, identity, rt.local_now().date())
                return
            code = await codes.issue_code(
                session,
                rt.crypto,
                phone=phone,
                purpose=link.purpose,
                contact_id=link.contact_id,
                now=rt.now(),
                whom=_whom(filled, identity),
            )
        assert code is not None, "without a key every call makes a code"
        if filled.family and owner:
            await rt.sms.send_consent_code(phone, code, owner.name, spoken.language)
        else:
            await rt.sms.send_code(phone, code)
    except codes.TooSoon as error:
        filled.fault("phone", "code_too_soon", seconds=error.seconds)
        filled.stage = "code"
        return
    except codes.TooMany as error:
        filled.fault("phone", "code_too_many", hours=error.hours)
        return
    except SmsUnknown:
        filled.notice = line("page_code_late")
    except SmsError as error:
        log.warning("code not sent", reason=type(error).__name__)
        filled.fault("phone", "code_not_sent", phone=filled.hospital_phone)
        return
    else:
        filled.notice = line(f"page_code_sent_{filled.whose}", phone=patients.mask_phone(phone))
    filled.stage = "code"


def _whom(filled: Filled, identity: Identity) -> str:
    """The relative for whom a code is an agreement; a code for oneself proves the phone alone."""
    if not filled.family:
        return ""
    return families.whom(identity.kind, identity.number, patients.read_person_name(filled.name))


def _ask_otherwise(filled: Filled, identity: Identity, today: date) -> None:
    """A teenager who has no phone but the parent's has a guardian; an adult agrees by a phone of their own."""
    if families.ages_of(identity.age(today)) is Ages.TEEN:
        filled.phone, filled.stage = "", "guardian"
    else:
        filled.fault("phone", "own_phone", phone=filled.hospital_phone)


async def _is_own(
    session: AsyncSession, rt: Runtime, contact: Contact, identity: Identity, phone: str
) -> bool:
    return await families.is_own_phone(session, rt.crypto, contact.account_id, identity, phone)


async def _register(visit: Visit, filled: Filled, identity: Identity) -> Response:
    rt, link = visit.rt, visit.link
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
                whom=_whom(filled, identity),
            )
        if not verdict.right:
            filled.faults["code"] = _code_fault(verdict)
            return visit.form(filled)
    elif not filled.guardian:
        filled.fault("guardian", "guardian")
        return visit.form(filled)
    if identity.checkable and not await _may_check(rt, link.contact_id):
        return visit.tell("not_added", "not_added")
    name = patients.read_person_name(filled.name)
    outcome = str(await rt.identity.check(name, identity.number)) if identity.checkable else "unchecked"
    write = _write_family if filled.family else _write_self
    try:
        async with rt.database.begin() as session:
            await links.finish_link(session, visit.token, link.purpose, rt.now())
            title, words = await write(session, rt, link, filled, identity, outcome)
    except links.LinkError as error:
        return await dead_link(visit.request, error)
    except IdentityMismatch:
        filled.fault("name", "mismatch")
        filled.code, filled.stage = "", ""
        return visit.form(filled)
    except patients.SelfExists:
        title = words = "known"
    except families.FamilyError as error:
        title = words = _NOT_ADDED.get(type(error), "not_added")
    return visit.tell(title, words)


async def _may_check(rt: Runtime, contact_id: UUID) -> bool:
    """Whether the identity check is asked once more. It is paid for by the question, and says whose a number is."""
    counted = f"identity checks:{contact_id}"
    try:
        asked = await rt.redis.incr(counted)
        await rt.redis.expire(counted, timedelta(days=1), nx=True)
    except (RedisError, OSError):
        return True
    return bool(asked <= _CHECKS_A_DAY)


async def _write_self(
    session: AsyncSession, rt: Runtime, link: PageLink, filled: Filled, identity: Identity, outcome: str
) -> tuple[str, str]:
    """Registers and tells the chat, in the transaction that uses the link up. Gives what title and words are of."""
    contact = await consenting(session, link)
    registration = await patients.register(
        session,
        rt.crypto,
        account_id=contact.account_id,
        contact_id=contact.id,
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
        return "other_phone", "other_phone"
    pending = registration.status is RegistrationStatus.PENDING
    return "registered", _after(pending=pending, outcome=outcome)


async def _write_family(
    session: AsyncSession, rt: Runtime, link: PageLink, filled: Filled, identity: Identity, outcome: str
) -> tuple[str, str]:
    """As for oneself. Raises FamilyError."""
    contact = await consenting(session, link)
    phone = (
        patients.read_phone(filled.phone)
        if filled.stage == "code"
        else await patients.own_phone(session, rt.crypto, contact.account_id)
    )
    added = await families.add(
        session,
        rt.crypto,
        contact=contact,
        coming=Coming(
            Relation(filled.relation),
            Newcomer(patients.read_person_name(filled.name), identity, phone, outcome == "match"),
            outcome,
            Agreement(own=filled.stage == "code", guardian=filled.stage == "guardian", at=ConsentMethod.PAGE),
        ),
        most=rt.settings.patients_per_account,
        key=None,
        now=rt.now(),
    )
    if added.patient_id is None:
        await _tell(session, contact, {"purpose": FAMILY})
        return "on_file", "on_file" if added.status is AddedStatus.ON_FILE else "by_staff"
    await _tell(session, contact, {"purpose": FAMILY, "patient": str(added.patient_id)})
    return "added", _after(pending=added.status is AddedStatus.PENDING, outcome=outcome)


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
        return "go_on"
    return "go_on_by_staff" if outcome == "unchecked" else "go_on_unverified"


def _code_fault(check: codes.CodeCheck) -> Line:
    match check.verdict:
        case Verdict.WRONG:
            return line("page_fault_code_wrong", left=check.left)
        case Verdict.TOO_MANY_TRIES:
            return line("page_fault_code_spent")
        case _:
            return line("page_fault_code_expired")
