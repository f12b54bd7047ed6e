"""Patient pages: server-rendered, phone first, reached by one-time links, without outside assets."""

from fastapi import APIRouter

from bot.pages import faults, news, registration

router = APIRouter()
router.include_router(registration.router)
router.include_router(news.router)

__all__ = ["faults", "router"]
