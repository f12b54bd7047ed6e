"""WeChat's JS-SDK in a page, as far as asking for subscription notices and payments goes: the script that a page
loads, the check of its signature, and WeChat's question. A page that is open on the phone knows its patient by the
frame's name."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path
from typing import Any

from fastapi import APIRouter, HTTPException, Response
from pydantic import BaseModel, Field

from integrations.sandbox.wechat.patient import NotFollowing, Patients
from integrations.sandbox.wechat.templates import SUBSCRIPTIONS
from integrations.sandbox.wechatpay.sheets import PageRequest, Sheets

SCRIPT = Path(__file__).with_name("jweixin.js")
MOST_TEMPLATES = 3
FROM_ANYWHERE = {"access-control-allow-origin": "*", "access-control-allow-headers": "content-type"}


class Config(BaseModel):
    """What a page hands to wx.config, and its address."""

    app_id: str = Field(alias="appId")
    timestamp: str | int
    nonce: str = Field(alias="nonceStr")
    signature: str
    url: str


class Answer(BaseModel):
    """The patient's answer to WeChat's question about some templates."""

    openid: str
    templates: list[str]
    accept: bool


class PageScript:
    def __init__(self, patients: Patients) -> None:
        self._patients = patients

    def check(self, config: Config) -> str:
        """config:ok, or the error that the SDK tells the page."""
        account = self._patients.account
        if config.app_id != account.appid:
            return "config:fail,invalid appid"
        url = config.url.partition("#")[0]
        parts = (
            f"jsapi_ticket={account.ticket}&noncestr={config.nonce}&timestamp={config.timestamp}&url={url}"
        )
        right = hashlib.sha1(parts.encode()).hexdigest()  # noqa: S324 - WeChat's choice
        return (
            "config:ok" if hmac.compare_digest(right, config.signature) else "config:fail,invalid signature"
        )

    def titles(self, templates: list[str]) -> list[str]:
        """What WeChat's question lists. Raises LookupError for a template that the account has not."""
        if not 1 <= len(templates) <= MOST_TEMPLATES or any(one not in SUBSCRIPTIONS for one in templates):
            raise LookupError
        return [SUBSCRIPTIONS[one].title for one in templates]

    def answer(self, answer: Answer) -> None:
        """Raises LookupError, NotFollowing."""
        user = self._patients.account.user(answer.openid)
        self.titles(answer.templates)
        if user is None:
            raise LookupError
        for template in answer.templates:
            self._patients.answer_permission(user, template, accept=answer.accept)


def router(script: PageScript, sheets: Sheets) -> APIRouter:
    routes = APIRouter(prefix="/wechat/open", include_in_schema=False)

    @routes.get("/js/jweixin-1.6.0.js")
    async def sdk() -> Response:
        return Response(SCRIPT.read_text("utf-8"), media_type="text/javascript", headers=FROM_ANYWHERE)

    @routes.options("/{rest:path}")
    async def preflight(rest: str) -> Response:
        return Response(headers=FROM_ANYWHERE)

    @routes.post("/config")
    async def config(given: Config, response: Response) -> dict[str, Any]:
        response.headers.update(FROM_ANYWHERE)
        return {"errMsg": script.check(given)}

    @routes.post("/question")
    async def question(templates: list[str], response: Response) -> list[str]:
        response.headers.update(FROM_ANYWHERE)
        try:
            return script.titles(templates)
        except LookupError as error:
            raise HTTPException(400, "no such template", headers=FROM_ANYWHERE) from error

    @routes.post("/answer")
    async def answered(given: Answer, response: Response) -> dict[str, Any]:
        response.headers.update(FROM_ANYWHERE)
        try:
            script.answer(given)
        except (LookupError, NotFollowing) as error:
            raise HTTPException(400, "not to be answered", headers=FROM_ANYWHERE) from error
        return {"errMsg": "subscribe:ok"}

    @routes.post("/pay")
    async def pay(asked: PageRequest, response: Response) -> dict[str, str]:
        """Answers when the patient paid, or turned away."""
        response.headers.update(FROM_ANYWHERE)
        return await sheets.ask(asked)

    return routes
