"""`python -m integrations.sandbox`: the sandbox on 127.0.0.1:SANDBOX_PORT."""

from __future__ import annotations

import uvicorn

from integrations.sandbox.app import create_app
from integrations.sandbox.options import Options
from integrations.settings import Settings


def main() -> None:
    settings, options = Settings(), Options()
    app = create_app(settings, options)
    uvicorn.run(
        app, host=options.host, port=settings.sandbox_port, log_level="warning", access_log=False,
        timeout_graceful_shutdown=3,
    )  # fmt: skip


if __name__ in {"__main__", "__mp_main__"}:
    main()
