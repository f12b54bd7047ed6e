"""`python -m actions`: the action server on 127.0.0.1 and ACTIONS_PORT, for Rasa alone."""

from __future__ import annotations

from actions.server import HOST, create_app
from integrations.hospital.triage import model as triage
from integrations.logs import configure_logs
from integrations.settings import Settings


def main() -> None:
    configure_logs()
    settings = Settings()
    triage.load()  # now, not when the first patient waits
    create_app(settings).run(host=HOST, port=settings.actions_port, single_process=True, access_log=False)


if __name__ == "__main__":
    main()
