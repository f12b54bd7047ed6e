"""`python -m actions`: the action server on 127.0.0.1 and ACTIONS_PORT, for Rasa alone."""

from __future__ import annotations

import logging

from actions.server import HOST, create_app
from integrations.settings import Settings


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for noisy in ("httpx", "httpcore", "rasa_sdk", "sanic.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    settings = Settings()
    create_app(settings).run(host=HOST, port=settings.actions_port, single_process=True, access_log=False)


if __name__ == "__main__":
    main()
