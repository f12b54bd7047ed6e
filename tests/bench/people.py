"""Patients whom hospital and platforms know: registered, with a chat that is open on their phone in the sandbox."""

from __future__ import annotations

import asyncio
from itertools import cycle, islice

import httpx

from tests.bench.door import Patient
from tests.bench.journeys import registered_patient
from tests.bench.system import System

CHANNELS = ("wechat", "telegram")
_AT_ONCE = 6
_MEETING = {"wechat": "follow", "telegram": "start"}


def sandbox(system: System) -> httpx.AsyncClient:
    """The sandbox's own door, behind which the platforms' phones stand."""
    address = f"http://127.0.0.1:{system.settings.sandbox_port}/inspect"
    return httpx.AsyncClient(base_url=address, timeout=90)


async def arrive(system: System, http: httpx.AsyncClient, many: int, first: int) -> list[Patient]:
    """`many` patients, half on each platform, who have been greeted; numbers from `first` on are theirs."""
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(channel: str, number: int) -> Patient:
        async with places:
            return await _arrive(system, http, channel, number)

    channels = islice(cycle(CHANNELS), many)
    return await asyncio.gather(*(one(channel, first + n) for n, channel in enumerate(channels)))


async def _arrive(system: System, http: httpx.AsyncClient, channel: str, number: int) -> Patient:
    made = await http.post(f"/{channel}/users", json={_MEETING[channel]: False})
    made.raise_for_status()
    patient = Patient(channel, str(made.json()[_key(channel)]))
    await registered_patient(system.runtime, number, channel, patient.platform_id)
    await _act(http, patient, type=_MEETING[channel])
    if channel == "wechat":  # a message opens WeChat's window of two days, a follow one of a minute
        await _act(http, patient, type="text", text="你好")
    return patient


async def _act(http: httpx.AsyncClient, patient: Patient, **what: str) -> None:
    before = await last_entry(http, patient)
    done = await http.post(f"/{patient.channel}/messages", json={**_address(patient), **what})
    done.raise_for_status()
    await replies(http, patient, before, seconds=60)


async def last_entry(http: httpx.AsyncClient, patient: Patient) -> int:
    """The number of what stands last on the patient's phone; 0 for nothing."""
    messages = await _messages(http, patient)
    return max((int(one["id"]) for one in messages), default=0)


async def replies(http: httpx.AsyncClient, patient: Patient, after: int, *, seconds: float = 0) -> list[str]:
    """What came to the phone after an entry; waits up to `seconds` for the first message."""
    messages = await _messages(http, patient, after=after, wait_s=seconds)
    return [str(one.get("text") or "") for one in messages if one["side"] == "account"]


async def _messages(http: httpx.AsyncClient, patient: Patient, **query: float) -> list[dict[str, object]]:
    seen = await http.get(f"/{patient.channel}", params={**_address(patient), **query})
    seen.raise_for_status()
    found: list[dict[str, object]] = seen.json()["messages"]
    return found


def _key(channel: str) -> str:
    return "openid" if channel == "wechat" else "chat_id"


def _address(patient: Patient) -> dict[str, str | int]:
    number = int(patient.platform_id) if patient.channel == "telegram" else patient.platform_id
    return {_key(patient.channel): number}
