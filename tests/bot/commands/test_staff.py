"""`daozhen staff` and `daozhen audit`, with the roles of a real database."""

from __future__ import annotations

import re
import stat

import psycopg

from bot.launching.demo_logins import logins_file
from tests.bot.commands.conftest import Desk


def test_accounts_are_made_changed_and_audited(desk: Desk) -> None:
    made = desk.run("staff", "add", "Li.Na", "李娜", "--role", "supervisor")
    assert re.search(r"li\.na is supervisor\. Password: \S{20}", made.output)
    assert desk.run("staff", "add", "li.na", "李娜", "--role", "agent").exit_code == 1
    assert desk.run("staff", "add", "wang", "王建国", "--role", "doctor").exit_code == 1  # whose account?
    assert "no second factor yet" in desk.run("staff", "list").output
    assert desk.run("staff", "role", "li.na", "agent").output == "li.na is agent.\n"
    assert "Password: " in desk.run("staff", "reset", "li.na", "--password", "--factor").output
    assert "may answer from the group" in desk.run("staff", "telegram", "li.na", "4711").output
    desk.run("staff", "add", "zhao", "赵云", "--role", "agent")
    taken = desk.run("staff", "telegram", "zhao", "4711")
    assert (taken.exit_code, "somebody else has this id" in taken.stderr) == (1, True)
    assert "not known in the group" in desk.run("staff", "telegram", "li.na", "0").output
    assert desk.run("staff", "disable", "li.na").exit_code == 0
    assert "disabled" in desk.run("staff", "list").output
    assert desk.run("staff", "disable", "nobody").exit_code == 1

    found = desk.run("audit", "search", "--subject", "staff:li.na").output
    actions = [line.split()[3] for line in reversed(found.splitlines())]
    assert actions == [
        "staff_added",
        "staff_role_changed",
        "second_factor_reset",
        "password_reset",
        "staff_telegram",
        "staff_telegram",
        "staff_disabled",
    ]
    assert "audit_searched" in desk.run("audit", "search", "--action", "audit_").output


def test_the_chain_is_verified_and_tampering_is_an_error(desk: Desk) -> None:
    desk.run("staff", "add", "li.na", "李娜", "--role", "agent")
    whole = desk.run("audit", "verify")
    assert whole.exit_code == 0
    head = re.search(r"elsewhere: (\d+:[0-9a-f]{64})", whole.output)[1]
    desk.run("staff", "disable", "li.na")
    assert desk.run("audit", "verify", "--head", head).exit_code == 0
    with psycopg.connect(desk.url, options="-c session_replication_role=replica") as owner:
        owner.execute("UPDATE audit_events SET actor = 'staff:else' WHERE action = 'staff_added'")
    broken = desk.run("audit", "verify")
    assert broken.exit_code == 1
    assert "NOT whole" in broken.output


def test_the_demos_staff_log_in_with_what_is_kept_for_developers(desk: Desk) -> None:
    for _ in range(2):  # the second seed changes nothing
        assert desk.run("seed").exit_code == 0
        shown = desk.run("staff", "show-logins").output.splitlines()
        assert [line.split()[0] for line in shown][:3] == ["agent", "agent2", "doctor.li"]
        assert all(re.fullmatch(r"\S+ +\S{20} +\d{6}", line) for line in shown)
        file = logins_file(desk.var)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(desk.run("staff", "list").output.splitlines()) == 8 + 1  # the boss of these tests
