"""The sandbox as one web application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI

from integrations.database import utcnow
from integrations.sandbox import (
    inspect,
    inspect_agents,
    inspect_group,
    inspect_money,
    inspect_parcels,
    tencent_api,
)
from integrations.sandbox.alipay import api as alipay_api
from integrations.sandbox.cashier import pages as cashier_pages
from integrations.sandbox.kuaidi100 import api as kuaidi100_api
from integrations.sandbox.options import Options
from integrations.sandbox.state import Clock
from integrations.sandbox.telegram import api as telegram_api
from integrations.sandbox.wechat import api as wechat_api
from integrations.sandbox.wechat import oauth as wechat_oauth
from integrations.sandbox.wechat import page as wechat_page
from integrations.sandbox.wechatpay import api as wechatpay_api
from integrations.sandbox.world import build_world, reach_program
from integrations.settings import Settings


def create_app(
    settings: Settings,
    options: Options | None = None,
    *,
    clock: Clock = utcnow,
    http: httpx.AsyncClient | None = None,
    phone: bool = True,
) -> FastAPI:
    """`phone` adds the pages for the browser; NiceGUI has them once in a process. `app.state.world` holds all."""
    options = options or Options()
    http = http or reach_program(options.gateway_addresses(settings))
    world = build_world(settings, options, clock, http)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        await world.close()

    app = FastAPI(
        title="daozhen sandbox", lifespan=lifespan, openapi_url="/inspect/openapi.json", docs_url=None
    )
    app.state.world = world
    app.include_router(wechat_api.router(world.account, world.notices, world.faults, world.log))
    app.include_router(wechat_page.router(world.page_script, world.wechatpay.sheets))
    app.include_router(wechat_oauth.router(world.authorization, world.account, world.faults, world.log))
    pay = world.wechatpay
    app.include_router(wechatpay_api.router(pay.interfaces, pay.bills, pay.door))
    app.include_router(alipay_api.router(world.alipay.door, world.alipay.bills))
    app.include_router(kuaidi100_api.router(world.kuaidi100.interfaces, world.kuaidi100.door))
    app.include_router(cashier_pages.router(world))
    app.include_router(telegram_api.router(world.bot, world.door))
    app.include_router(tencent_api.router(world.sms, world.identity, world.faults, world.log, world.clock))
    app.include_router(inspect.router(world))
    app.include_router(inspect_agents.router(world))
    app.include_router(inspect_group.router(world))
    app.include_router(inspect_money.router(world))
    app.include_router(inspect_parcels.router(world))

    @app.get("/health/live")
    async def live() -> dict[str, str]:
        return {"status": "ok"}

    if phone:
        # NiceGUI is slow to import and not needed by protocol tests.
        from integrations.sandbox.phone import mount

        mount(app, world)
    return app
