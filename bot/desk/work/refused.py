"""How the refusals of booking and of money are said to staff."""

from __future__ import annotations

from integrations.hospital import refusals as why
from integrations.hospital.billing import desk as money
from integrations.hospital.callers import NobodyActs, NoProof

BOOKING: dict[type[Exception], str] = {
    NoProof: "callers.no_proof",
    NobodyActs: "callers.nobody_acts",
    why.SlotTaken: "callers.slot_taken",
    why.SessionFull: "callers.full",
    why.SlotPast: "callers.past",
    why.OutsideHorizon: "callers.too_early",
    why.NotBookable: "callers.not_bookable",
    why.RulesUnclear: "callers.not_bookable",
    why.AlreadyBooked: "callers.already_booked",
    why.AgeOutside: "callers.age",
    why.OtherSex: "callers.sex",
    why.Blocked: "callers.blocked",
    why.LimitReached: "callers.limit",
    why.CancelTooLate: "callers.too_late",
    why.NotYours: "callers.nobody_acts",
    why.AlreadyOver: "queue.gone",
    why.FeeDiffers: "callers.fee_differs",
    why.AlreadyWaiting: "callers.already_waiting",
    why.NothingToWaitFor: "callers.nothing_to_wait_for",
    why.OfferOver: "callers.offer_over",
    why.RuleRefusal: "callers.by_rule",
    why.BookingError: "queue.refused",
}
MONEY: dict[type[Exception], str] = {
    money.ForPrescription: "refunds.for_prescription",
    money.VisitStands: "refunds.visit_stands",
    money.ConsultationStands: "refunds.consultation_stands",
    money.NothingPaid: "refunds.nothing_paid",
    money.NotToGiveBack: "queue.refused",
}
