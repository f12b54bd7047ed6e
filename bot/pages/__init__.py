"""Patient pages: server-rendered, phone first, reached by links that expire, without outside assets."""

from fastapi import APIRouter

from bot.pages import (
    address,
    card,
    case,
    faults,
    follow_up,
    guide,
    news,
    offer,
    parcel,
    paying,
    prescription,
    rating,
    receipts,
    registration,
    stopped,
)

router = APIRouter()
router.include_router(registration.router)
router.include_router(paying.router)
router.include_router(receipts.router)
router.include_router(card.router)
router.include_router(offer.router)
router.include_router(stopped.router)
router.include_router(case.router)
router.include_router(rating.router)
router.include_router(prescription.router)
router.include_router(parcel.router)
router.include_router(address.router)
router.include_router(follow_up.router)
router.include_router(news.router)
router.include_router(guide.router)

__all__ = ["faults", "router"]
