"""QR codes within a page."""

from __future__ import annotations

import base64

import segno

from bot import pictures


def svg(content: str) -> str:
    """A code as inline SVG, black on white in the dark as well, for scanners want it so."""
    return str(
        segno.make_qr(content, error="m").svg_inline(
            border=3, dark="#000000", light="#ffffff", omitsize=True, svgclass="qr", lineclass=None
        )
    )


def checkin(number: str) -> str:
    """The code of the hospital's check-in desks, as the address of a picture."""
    return "data:image/png;base64," + base64.b64encode(pictures.checkin_code(number).content).decode()
