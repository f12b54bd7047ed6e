"""Reading what somebody who registers has typed, and saying what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from actions.registration_draft import Person, new_values
from actions.revealing import reveal
from actions.turn import Reply, Turn
from integrations.hospital import families, patients
from integrations.hospital.documents import (
    TELLS_ALL,
    InvalidBirthDate,
    InvalidDocument,
    check_birth_date,
    looks_foreign,
    read_eighteen,
    read_number,
)
from integrations.hospital.families import Ages
from integrations.hospital.models import DocumentKind
from integrations.hospital.patients import IdNumberFault, InvalidIdNumber, InvalidName, InvalidPhone, TooYoung
from integrations.hospital.reading import age_on, is_latin

PURPOSE = "registration"


@dataclass(slots=True)
class Values:
    """Takes the values of one message into a person. `complained`: something was wrong, and was said."""

    turn: Turn
    reply: Reply
    complained: bool = False

    async def take(self, person: Person) -> Person:
        values = new_values(person, self.turn.facts)
        if person.unread and person.document and not any(kind == "id_number" for kind, _ in values):
            values.append(("id_number", person.unread))
        for kind, token in values:
            plain = await reveal(self.turn, token, f"{PURPOSE}.{kind}")
            try:
                person = self._with(person, kind, token, plain)
            except (
                InvalidName,
                InvalidIdNumber,
                InvalidDocument,
                InvalidBirthDate,
                InvalidPhone,
                TooYoung,
            ) as bad:
                person = replace(person, unread="") if kind == "id_number" else person
                self._complain(bad)
        return self._name_of_document(person)

    def _with(self, person: Person, kind: str, token: str, plain: str) -> Person:
        if kind == "person_name":
            name = patients.read_person_name(plain)
            return replace(person.with_value(kind, token, patients.mask_name(name)), latin=is_latin(name))
        if kind == "phone":
            phone = patients.mask_phone(patients.read_phone(plain))
            return replace(person.with_value(kind, token, phone), no_phone=False)
        if kind == "birth_date":
            born = date.fromisoformat(plain)
            check_birth_date(born, self.turn.today)
            return self._of_age(person.with_value(kind, token, str(born.year)), born)
        return self._numbered(person, token, plain)

    def _numbered(self, person: Person, token: str, plain: str) -> Person:
        """The kind of document may show in the number itself; else it is asked before the number is read."""
        today = self.turn.today
        if not person.document and looks_foreign(plain):
            return replace(person, unread=token)
        kind = person.kind
        if kind not in TELLS_ALL and _is_resident(plain, today):  # the other document was chosen by mistake
            kind = DocumentKind.RESIDENT_ID
            person = replace(person, document=kind)
        try:
            number = read_number(kind, plain, today)
        except InvalidIdNumber as error:
            if kind is not DocumentKind.RESIDENT_ID or error.detail != "permit":
                raise
            kind = DocumentKind.RESIDENCE_PERMIT
            number = read_number(kind, plain, today)
            person = replace(person, document=kind)
        masked = patients.mask_id_number(number) if kind in TELLS_ALL else _mask_document(number)
        taken = replace(person.with_value("id_number", token, masked), unread="", number_sex="")
        if kind not in TELLS_ALL:
            return taken
        read = read_eighteen(kind, plain, today)
        return self._of_age(replace(taken, number_sex=read.sex.value), read.birth_date)

    def _of_age(self, person: Person, born: date) -> Person:
        """Whose agreement it takes. Raises TooYoung for a child that would register by itself."""
        group = families.ages_of(age_on(born, self.turn.today))
        if group is Ages.CHILD and not person.family:
            raise TooYoung
        return replace(person, ages=group.value)

    def _name_of_document(self, person: Person) -> Person:
        """An identity card has its name in Chinese characters."""
        if person.latin and person.document == DocumentKind.RESIDENT_ID:
            self.reply.say("say_bad_name_characters")
            self.complained = True
            return replace(person.without("person_name"), latin=False)
        return person

    def _complain(self, error: Exception) -> None:
        self.complained = True
        reply, phone = self.reply, self.turn.runtime.settings.hospital_phone
        match error:
            case InvalidName():
                reply.say(f"say_bad_name_{error.reason}")
            case InvalidPhone():
                reply.say(f"say_bad_phone_{error.reason}", phone=phone)
            case InvalidDocument():
                reply.say(f"say_bad_document_{error.kind}")
            case InvalidBirthDate():
                reply.say(f"say_bad_birth_date_{error.reason}")
            case InvalidIdNumber():
                _complain_of_number(reply, error)
            case TooYoung():
                reply.say("say_registration_child", phone=phone)


def _complain_of_number(reply: Reply, error: InvalidIdNumber) -> None:
    key = f"say_bad_id_{error.reason}"
    detailed = f"{key}_{error.detail}"
    if detailed in reply.words.texts:
        key = detailed
    elif error.reason == IdNumberFault.LENGTH:
        key = f"{key}_short" if int(error.detail or 0) < 18 else f"{key}_long"
    reply.say(key, detail=error.detail)


def _is_resident(plain: str, today: date) -> bool:
    try:
        read_number(DocumentKind.RESIDENT_ID, plain, today)
    except InvalidIdNumber:
        return False
    return True


def _mask_document(number: str) -> str:
    """ "E12345678" becomes "E******78"."""
    return number[0] + "*" * (len(number) - 3) + number[-2:]
