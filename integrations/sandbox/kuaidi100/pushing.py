"""News of a parcel to whoever subscribed, until the program says {"result": true, "returnCode": "200"}."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import urlencode

import httpx

from integrations.sandbox.kuaidi100.parcels import FINISHED, Parcel, Parcels
from integrations.sandbox.posting import Delivery, Letter, Post

PAUSES = (1800, 1800, 1800)
BILL = {"1": "got", "3": "check"}  # what happened, in the push's own word


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest().upper()  # noqa: S324 - Kuaidi100's choice


class Pushing:
    def __init__(self, parcels: Parcels, post: Post) -> None:
        self._parcels, self._post = parcels, post

    def start(self, parcel: Parcel) -> Delivery | None:
        """None without a subscriber, or before the first scan."""
        letter = self._letter(parcel)
        if letter is None:
            return None
        delivery = self._post.start(letter)
        parcel.pushes = [*parcel.pushes, delivery][-20:]
        return delivery

    async def once(self, parcel: Parcel, *, forged: bool = False) -> Delivery | None:
        letter = self._letter(parcel, forged=forged)
        if letter is None:
            return None
        delivery = Delivery(letter.url)
        await self._post.once(letter, delivery)
        return delivery

    def _letter(self, parcel: Parcel, *, forged: bool = False) -> Letter | None:
        subscription = parcel.subscription
        if subscription is None or not parcel.tracks:
            return None
        param = json.dumps(self._said(parcel, subscription.detail), ensure_ascii=False)
        fields = {"param": param}
        if subscription.salt:
            fields["sign"] = md5(param + subscription.salt + ("x" if forged else ""))
        body = urlencode(fields).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}
        return Letter(subscription.url, parcel.number, lambda lie: (headers, body), _taken, json.loads(param))

    def _said(self, parcel: Parcel, detail: str) -> dict[str, Any]:
        over = parcel.state in FINISHED
        return {
            "status": "shutdown" if over else "polling", "billstatus": BILL.get(parcel.state, "change"),
            "message": "", "autoCheck": "0", "comOld": "", "comNew": "",
            "lastResult": self._parcels.said(parcel, detail),
        }  # fmt: skip


def _taken(response: httpx.Response) -> bool:
    try:
        said = response.json()
    except ValueError:
        return False
    good = isinstance(said, dict) and said.get("result") is True
    return response.status_code == 200 and good and str(said.get("returnCode")) == "200"
