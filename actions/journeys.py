"""Which action answers what: the forms, the answers that fit in anywhere, and the intents that open a form.

dialogs/ says the same in rules; tests/actions/test_journeys.py holds the two together."""

from __future__ import annotations

from collections.abc import Mapping

from actions import (
    account,
    addresses,
    answers,
    appointments,
    billing,
    consent,
    elder_mode,
    family_list,
    follow_up_page,
    follow_up_task,
    hospital_questions,
    language,
    measurements,
    medicine,
    person,
    reminders,
    replacement,
    triage_words,
    waitlist,
)
from actions.account_change import ChangeForm
from actions.account_claim import ClaimForm
from actions.account_unbind import UnbindForm
from actions.address_book import AddressForm
from actions.appointments import CancellationForm
from actions.booking import BookingForm
from actions.complaint import ComplaintForm
from actions.complaint_cases import answer_hurry, answer_status
from actions.consent import ConsentForm, WithdrawalForm
from actions.consultation import ConsultationForm
from actions.consultation_words import answer_consultations
from actions.directory import DirectoryCache
from actions.family import FamilyForm
from actions.follow_up import FollowUpForm
from actions.forms import Answer, Form, Journey, Saying
from actions.intake import IntakeForm
from actions.medicine_form import MedicineForm
from actions.rating import RatingForm
from actions.registration import RegistrationForm
from actions.reschedule import RescheduleForm
from actions.triage import TriageForm
from actions.wishes import Wishes
from actions.wording import Wording
from integrations.runtime import Runtime

FORMS: tuple[type[Form], ...] = (
    ConsentForm,
    WithdrawalForm,
    RegistrationForm,
    ClaimForm,
    ChangeForm,
    UnbindForm,
    FamilyForm,
    BookingForm,
    RescheduleForm,
    CancellationForm,
    FollowUpForm,
    ComplaintForm,
    RatingForm,
    MedicineForm,
    AddressForm,
    TriageForm,
    IntakeForm,
    ConsultationForm,
)

# Answered in one message, inside a form too: the form's question is then asked again.
ANSWERS: Mapping[str, Answer] = {
    "help": answers.what_it_does,
    "choose_language": language.choose,
    "talk_to_human": person.answer_human,
    "handed_back": person.answer_handed_back,
    "emergency_help": answers.emergency,
    "thanks": medicine.answer_thanks,
    "elder_mode": elder_mode.answer,
    "goodbye": answers.goodbye,
    "smalltalk": answers.small_talk,
    "abuse": person.answer_abuse,
    "hurry": answer_hurry,
    "pause": answers.pause,
    "out_of_scope": answers.out_of_scope,
    "non_text": answers.non_text,
    "ask_hospital": hospital_questions.answer,
    "ask_privacy": consent.answer_privacy,
    "where_is_my_parcel": medicine.answer_parcel,
    "confirm_receipt": medicine.answer_receipt,
    "my_appointments": appointments.answer_appointments,
    "paid_already": billing.answer_paid,
    "my_bills": billing.answer_bills,
    "ask_pay_later": billing.answer_pay_later,
    "ask_refund": billing.answer_refund,
    "pay_for_me": billing.answer_pay_for_me,
    "ask_receipt": billing.answer_receipt,
    "my_profile": account.answer_profile,
    "my_family": family_list.answer_family,
    "address_saved": addresses.answer_saved,
    "link_added": account.answer_link_added,
    "cut_link": account.answer_cut_link,
    "my_waitlist": waitlist.answer_waitlist,
    "leave_waitlist": waitlist.answer_leave,
    "accept_offer": waitlist.answer_accept,
    "decline_offer": waitlist.answer_decline,
    "stop_reminders": reminders.answer_stop,
    "resume_reminders": reminders.answer_resume,
    "take_replacement": replacement.answer_take,
    "my_measurements": measurements.answer_measurements,
    "follow_up_answered": follow_up_page.answer_by_page,
    "complaint_status": answer_status,
    "my_consultations": answer_consultations,
}

# Answered only while no form is open.
OUTSIDE: Mapping[str, Answer] = {
    "affirm": waitlist.answer_yes,
    "deny": waitlist.answer_no,
    "cancel": appointments.nothing_to_cancel,
    "go_back": answers.nothing_open,
    "resend_code": answers.nothing_open,
}

# Answered inside a form that does not take them itself.
INSIDE: Mapping[str, Answer] = {
    "greet": answers.greeting,
    "log_measurement": measurements.answer_log,
    "my_prescriptions": medicine.answer_prescriptions,
    "tell_symptoms": triage_words.answer_inside,
    "which_department": triage_words.answer_inside,
}

# What opens a form, from outside and out of another form.
ENTRIES: Mapping[str, str] = {
    "greet": ConsentForm.form,
    "give_consent": ConsentForm.form,
    "refuse_consent": ConsentForm.form,
    "withdraw_consent": WithdrawalForm.form,
    "register": RegistrationForm.form,
    "add_family": FamilyForm.form,
    "use_page": RegistrationForm.form,
    "use_chat": RegistrationForm.form,
    "page_completed": RegistrationForm.form,
    "change_profile": ChangeForm.form,
    "unbind": UnbindForm.form,
    "book_appointment": BookingForm.form,
    "join_waitlist": BookingForm.form,
    "inform": BookingForm.form,
    "correct": BookingForm.form,
    "nlu_fallback": BookingForm.form,  # names and dates say enough; without them it asks what is meant
    "cancel_appointment": CancellationForm.form,
    "reschedule_appointment": RescheduleForm.form,
    "follow_up_due": FollowUpForm.form,
    "answer_follow_up": FollowUpForm.form,
    "log_measurement": FollowUpForm.form,
    "stop_follow_up": FollowUpForm.form,
    "complain": ComplaintForm.form,
    "rate": RatingForm.form,
    "my_prescriptions": MedicineForm.form,
    "collect_medicine": MedicineForm.form,
    "cancel_medicine": MedicineForm.form,
    "my_addresses": AddressForm.form,
    "tell_symptoms": TriageForm.form,
    "which_department": TriageForm.form,
    "start_intake": IntakeForm.form,
    "online_consultation": ConsultationForm.form,
    "cancel_consultation": ConsultationForm.form,
}
# Said inside a form these belong to it.
_ONLY_OUTSIDE = frozenset(
    {
        "greet",
        "give_consent",
        "refuse_consent",
        "use_page",
        "use_chat",
        "inform",
        "correct",
        "nlu_fallback",
        "log_measurement",
        "my_prescriptions",
        "tell_symptoms",
        "which_department",
    }
)
# What the hospital begins waits for the end of a form.
WAITING: Mapping[str, Answer] = {"follow_up_due": follow_up_task.put_off}


def journeys(runtime: Runtime, words: Wording) -> list[Journey]:
    """Every action of the server."""
    names = DirectoryCache()
    wishes = Wishes(ANSWERS, ENTRIES)
    switches = {intent: form for intent, form in ENTRIES.items() if intent not in _ONLY_OUTSIDE}
    forms = [
        kind(
            *(runtime, words, names, wishes),
            digressions={**ANSWERS, **INSIDE},
            entries=switches,
            waiting=WAITING,
        )
        for kind in FORMS
    ]
    sayings = [
        Saying(runtime, words, names, wishes, intent=intent, answer=answer)
        for intent, answer in {**ANSWERS, **OUTSIDE}.items()
    ]
    return [*forms, *sayings]
