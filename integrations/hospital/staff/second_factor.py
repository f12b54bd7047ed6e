"""The second factor: codes of six digits that change every half minute (TOTP, RFC 6238)."""

from __future__ import annotations

import hmac
import unicodedata
from datetime import datetime

import pyotp

from integrations.crypto import Crypto
from integrations.hospital.models import StaffMember

_CONTEXT = "staff.totp_secret"
_SKEW = 1  # half minutes that a phone's clock may be off, either way


def enrol(crypto: Crypto, member: StaffMember) -> str:
    """The secret to put into the phone; one that nobody has confirmed yet stays the same, so that a page may be
    loaded again."""
    if member.totp_secret is None:
        member.totp_secret = crypto.encrypt(pyotp.random_base32(), _CONTEXT)
    return secret_of(crypto, member)


def set_up(crypto: Crypto, member: StaffMember, secret: str, now: datetime) -> None:
    """A secret that is in a phone already."""
    member.totp_secret = crypto.encrypt(secret, _CONTEXT)
    member.totp_confirmed_at = now


def secret_of(crypto: Crypto, member: StaffMember) -> str:
    assert member.totp_secret is not None
    return crypto.decrypt(member.totp_secret, _CONTEXT)


def address_for_phone(secret: str, member: StaffMember, hospital: str) -> str:
    """The otpauth:// address that a QR code carries."""
    return pyotp.TOTP(secret).provisioning_uri(name=member.login, issuer_name=hospital)


def take(crypto: Crypto, member: StaffMember, code: str, now: datetime) -> bool:
    """Whether the code is right now. It is used up by that, and so are all before it."""
    if member.totp_secret is None:
        return False
    totp = pyotp.TOTP(secret_of(crypto, member))
    digits = "".join(one for one in unicodedata.normalize("NFKC", code) if not one.isspace())
    present = totp.timecode(now)
    for step in range(present - _SKEW, present + _SKEW + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), digits.encode()):
            if step <= member.totp_last_step:
                return False
            member.totp_last_step = step
            member.totp_confirmed_at = member.totp_confirmed_at or now
            return True
    return False
