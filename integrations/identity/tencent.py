"""The identity check of Tencent Cloud (faceid, IdCardVerification, 2018-03-01)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

import httpx

from integrations.database import utcnow
from integrations.identity.interface import Outcome
from integrations.settings import Settings
from integrations.tencent import TencentCloud, TencentError
from integrations.transport import keep_secrets_out_of_logs

log = logging.getLogger(__name__)

_RESULTS = {
    "0": Outcome.MATCH,
    "-1": Outcome.MISMATCH,
    "-2": Outcome.MISMATCH,  # the number is malformed
    "-3": Outcome.MISMATCH,  # the name is malformed
    "-4": Outcome.UNAVAILABLE,
    "-5": Outcome.NO_RECORD,
    "-6": Outcome.UNAVAILABLE,  # the register is being updated
    "-7": Outcome.LIMIT,
}


class TencentIdentity:
    def __init__(
        self, settings: Settings, *, http: httpx.AsyncClient, now: Callable[[], datetime] = utcnow
    ) -> None:
        keep_secrets_out_of_logs()
        self._cloud = TencentCloud(
            service="faceid",
            version="2018-03-01",
            base=settings.identity_api_base,
            secret_id=settings.identity_secret_id,
            secret_key=settings.identity_secret_key.get_secret_value(),
            http=http,
            now=now,
        )

    async def check(self, name: str, id_number: str) -> Outcome:
        try:
            result = await self._cloud.call("IdCardVerification", {"IdCard": id_number, "Name": name})
        except TencentError as error:
            log.warning("identity check failed: %s", error)  # a class name, a status or Tencent's code
            return Outcome.UNAVAILABLE
        outcome = _RESULTS.get(str(result.get("Result")))
        if outcome is None:
            log.warning("identity check gave an unknown result")
            return Outcome.UNAVAILABLE
        return outcome
