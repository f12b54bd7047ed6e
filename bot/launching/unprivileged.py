"""Postgres refuses to run as root. Started as root (in a container, say) it runs as a user without rights."""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
from pathlib import Path
from typing import Any

from bot.launching.starting import StartError

USER = "daozhen"


def owner_or_ours(directory: Path) -> str:
    """Whoever owns the cluster, when that is a user and not root; else the user that we make."""
    try:
        owner = pwd.getpwuid(directory.stat().st_uid)
    except (OSError, KeyError):
        return USER
    return owner.pw_name if owner.pw_uid else USER


def ensure_user(name: str) -> None:
    """Makes the system user where it is missing. Raises StartError."""
    try:
        pwd.getpwnam(name)
        return
    except KeyError:
        pass
    command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", name]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        detail = getattr(error, "stderr", None) or str(error)
        raise StartError(
            f"Postgres does not run as root, and the system user {name!r} could not be made ({detail.strip()}): "
            "start as another user, or set DATABASE_URL."
        ) from None


def let_pass(path: Path) -> None:
    """Lets others walk through (not list) the directories above `path`, as the unprivileged user must."""
    for directory in path.absolute().parents:
        mode = directory.stat().st_mode
        if not mode & stat.S_IXOTH:
            print(f"Postgres runs as an unprivileged user: letting it pass through {directory} (chmod o+x)")
            directory.chmod(mode | stat.S_IXOTH)


def let_read(tree: Path, *, probe: str) -> None:
    """Lets others read and run a tree of programs, where a strict umask kept it to root (seen by the file `probe`)."""
    let_pass(tree / probe)
    if (tree / probe).stat().st_mode & stat.S_IXOTH:
        return
    for file in tree.rglob("*"):
        mode = file.stat().st_mode
        file.chmod(mode | (stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0)))


def give(tree: Path, user: str) -> None:
    """Makes the user the owner of everything below."""
    entry = pwd.getpwnam(user)
    for path in (tree, *tree.rglob("*")):
        os.chown(path, entry.pw_uid, entry.pw_gid, follow_symlinks=False)


def identity(user: str | None) -> dict[str, Any]:
    """Arguments of subprocess that drop root's rights for good."""
    if user is None:
        return {}
    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
