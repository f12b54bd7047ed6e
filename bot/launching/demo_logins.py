"""How to log in as the demo hospital's staff: drawn once, kept beside the other secrets for whoever develops."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from bot.launching.opening import in_transaction
from bot.launching.secrets import Launch
from integrations.crypto import Crypto, KeyRing
from integrations.database import utcnow
from integrations.hospital import demo_staff
from integrations.hospital.demo_staff import Login


def logins_file(var: Path) -> Path:
    return var / "staff_logins.json"


def add_staff(var: Path, url: str, settings: Launch) -> None:
    """Makes the members of staff that are missing, and keeps how to log in with them."""
    crypto = Crypto(
        data=KeyRing.parse(settings.data_keys.get_secret_value()),
        index=KeyRing.parse(settings.index_keys.get_secret_value()),
    )

    async def work(session: AsyncSession) -> None:
        if made := await demo_staff.add(session, crypto, utcnow()):
            _keep(var, made)

    in_transaction(url, work)


def known(var: Path) -> list[Login]:
    """Those that were made on this directory; a password that was changed since is not known here."""
    try:
        rows = json.loads(logins_file(var).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    return [Login(**row) for row in rows]


def _keep(var: Path, made: Iterable[Login]) -> None:
    """Readable to us alone."""
    new = {one.login: one for one in (*known(var), *made)}
    file = logins_file(var)
    file.touch(mode=0o600)
    file.chmod(0o600)
    rows = [
        {"login": one.login, "password": one.password, "totp_secret": one.totp_secret} for one in new.values()
    ]
    file.write_text(json.dumps(rows, indent=1), encoding="utf-8")
