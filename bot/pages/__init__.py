"""Patient pages: server-rendered, phone first, reached by links that expire, without outside assets."""

from fastapi import APIRouter

from bot.pages import card, faults, news, paying, receipts, registration

router = APIRouter()
router.include_router(registration.router)
router.include_router(paying.router)
router.include_router(receipts.router)
router.include_router(card.router)
router.include_router(news.router)

__all__ = ["faults", "router"]
