"""Starts the sealed Rasa: one model, one door, one encrypted tracker store, on loopback.

    python -m components.serve --port 5005 --model model.tar.gz --nice 10

Environment: RASA_TOKEN, TRACKER_KEYS or TRACKER_KEYS_FILE, TRACKER_DATABASE_URL, ACTIONS_URL. Leaves with
status 1 and one line when it cannot do its work; stock Rasa would go on with a tracker store in memory, or with no
model at all.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path

from components.patches import WrongVersion
from components.prepare import prepare

REQUIRED = ("RASA_TOKEN", "TRACKER_DATABASE_URL", "ACTIONS_URL")
DIALOGS = Path(__file__).resolve().parent.parent

logger = logging.getLogger("components.serve")


class CannotStart(Exception):
    """Something that the server needs is missing or wrong."""


def main(argv: list[str] | None = None) -> int:
    options = _options(argv)
    try:
        prepare()
        _check_environment(options.model)
        _run(options.port, options.model, options.nice)
    except (CannotStart, WrongVersion) as error:
        logger.error("rasa does not start: %s", error)
        return 1
    return 0


def _options(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="components.serve", description="The sealed Rasa server.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--model", type=Path, required=True, help="a model file made by components.train")
    parser.add_argument(
        "--nice", type=int, default=0, help="how far behind others it stands, once it is ready"
    )
    return parser.parse_args(argv)


def _check_environment(model: Path) -> None:
    missing = [name for name in REQUIRED if not os.environ.get(name)]
    if not (os.environ.get("TRACKER_KEYS_FILE") or os.environ.get("TRACKER_KEYS")):
        missing.append("TRACKER_KEYS_FILE or TRACKER_KEYS")
    if missing:
        raise CannotStart(f"{', '.join(missing)} not set")
    if not model.is_file():
        raise CannotStart(f"no model at {model}")


def _run(port: int, model: Path, nice: int) -> None:
    from components.server import Server, StoreUnusable

    try:
        server = Server.build(model, DIALOGS / "endpoints.yml", DIALOGS / "credentials.yml")
    except StoreUnusable as error:
        raise CannotStart(str(error)) from error
    os.nice(nice)  # not before: all wait for its start
    logger.info("rasa listens on 127.0.0.1:%d with model %s", port, server.model_id)
    server.run(port)


if __name__ == "__main__":
    sys.exit(main())
