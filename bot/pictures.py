"""Pictures that we make for patients."""

from __future__ import annotations

import io

import segno

from integrations.messages import Picture

_MODULE = 12  # pixels; a whole code is about 400 pixels wide, which scanners read from any phone


def checkin_code(number: str) -> Picture:
    """The QR code that the hospital's check-in desks and machines read: the order's number, or the appointment's id
    (32 hex digits) where nothing was to be paid. Nothing else, for a picture is easily shown around."""
    code = io.BytesIO()
    segno.make_qr(number, error="m").save(code, kind="png", scale=_MODULE, border=4)
    return Picture(code.getvalue())
