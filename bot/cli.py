"""`daozhen`: everything an operator does."""

from __future__ import annotations

import sys
from importlib.metadata import version as installed_version
from typing import Annotated

import typer

from bot.commands.groups import Groups
from bot.commands.var import VAR, Var
from bot.launching.operator_errors import in_words

app = typer.Typer(
    cls=Groups,
    help="An internet hospital met in a chat window.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """The console script. What an operator must mend is said in words, without a traceback."""
    try:
        app()
    except Exception as error:
        said = in_words(error)
        if said is None:
            raise
        print(f"daozhen: {said}", file=sys.stderr)
        raise SystemExit(1) from None


def _say(text: str) -> None:
    print(text, flush=True)


@app.command()
def up(
    var: Var = VAR,
    sandbox: Annotated[bool, typer.Option(help="Play WeChat, Telegram, SMS and the identity check.")] = True,
    seed: Annotated[
        bool, typer.Option(help="Keep the demo hospital: departments, doctors, schedules.")
    ] = True,
    port_base: Annotated[
        int | None, typer.Option(help="Move all ports: gateway, desk, sandbox, actions, Rasa from here on.")
    ] = None,
    gateways: Annotated[int | None, typer.Option(min=1, help="How many gateways.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="How many workers.")] = None,
    rasas: Annotated[int | None, typer.Option(min=1, help="How many Rasas.")] = None,
) -> None:
    """Run everything in the foreground until Ctrl-C."""
    from bot.launching.up import Options
    from bot.launching.up import up as run

    counts = {"gateways": gateways, "workers": workers, "rasas": rasas}
    run(Options(var.resolve(), sandbox=sandbox, seed=seed, port_base=port_base, **counts), _say)


def _look_for_room(url: str, needed: int) -> None:
    from bot.launching.migrate import connections_allowed
    from bot.launching.up import NOTE

    if (allowed := connections_allowed(url)) < needed:
        _say(
            f"{NOTE}Postgres gives out {allowed} connections, and these processes may want {needed} in a rush: "
            "raise its max_connections, or put a pooler before it (docs/scaling.md)."
        )


@app.command()
def migrate(var: Var = VAR) -> None:
    """Bring the database to the newest schema and set the rights of its roles."""
    from bot.keys.check import check_keys
    from bot.launching.migrate import migrate as run
    from bot.launching.opening import open_database
    from bot.launching.table import most_connections

    with open_database(var.resolve()) as (url, settings):
        password = settings.rasa_database_password.get_secret_value()
        run(url, password, rasa_role_is_made=not settings.tracker_database_url)
        check_keys(url, settings)
        if settings.database_url:  # our own gets as many connections as are needed
            _look_for_room(url, most_connections(settings))
    _say("The database is up to date.")


@app.command()
def seed(var: Var = VAR) -> None:
    """Make the demo hospital, or extend its schedules to 14 days from today."""
    from bot.handoff import canned
    from bot.launching.demo_logins import add_staff
    from bot.launching.opening import in_transaction, open_database
    from integrations.database import utcnow
    from integrations.hospital.seed import seed as run

    with open_database(var.resolve()) as (url, settings):
        today = utcnow().astimezone(settings.zone).date()
        in_transaction(url, lambda session: run(session, today))
        add_staff(var.resolve(), url, settings)
        in_transaction(url, canned.add_demo)
    _say("The demo hospital is there.")


@app.command()
def train(force: Annotated[bool, typer.Option(help="Also when no input has changed.")] = False) -> None:
    """Train the models of the dialogue, triage and red flags when their inputs have changed."""
    from bot.launching import secrets, training

    for name in training.SMALL if force else training.untrained():
        _say(f"Training {name} …")
        training.train_small(name)
    model = training.model_file()
    if model.exists() and not force:
        _say(f"The model is up to date ({model.name}).")
        return
    _say("Training the dialogue model …")
    _say(f"Trained: {training.train(secrets.load(VAR).rasa_python)}")


@app.command()
def status(var: Var = VAR) -> None:
    """Say what runs on this data, and whether it is ready."""
    from bot.launching.leftovers import started_on
    from bot.launching.processes import port_of
    from bot.launching.up import all_not_ready

    for process in started_on(var.resolve()):
        _say(f"{process.pid:>8}  {' '.join(process.cmdline())[:100]}")
    ports = {f"the {name}": port_of(var.resolve(), name) for name in ("gateway", "desk")}
    running = {name: port for name, port in ports.items() if port}
    missing = all_not_ready(running) if len(running) == len(ports) else "the program"
    _say("Ready." if missing is None else f"Not ready: {missing} does not answer.")
    raise typer.Exit(0 if missing is None else 1)


@app.command()
def version() -> None:
    """Say which version this is."""
    _say(f"daozhen {installed_version('daozhen')}")


if __name__ == "__main__":
    main()
