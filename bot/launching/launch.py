"""Becomes another program, as a JSON file says: python -I -S launch.py FILE.

{"command": [...], "environment": {...}, "directory": "...", "nice": 0, "uid": null, "gid": null, …}

The supervisor starts every process through this. So a process has exactly the environment meant for it (Rasa must
not see the data keys), no secret stands in a command line, and any character may stand in a value.
"""

import json
import os
import sys


def main(file: str) -> None:
    with open(file, encoding="utf-8") as source:
        plan = json.load(source)
    os.nice(plan["nice"])
    os.chdir(plan["directory"])
    if plan["uid"] is not None:
        os.setgroups([])
        os.setgid(plan["gid"])
        os.setuid(plan["uid"])
    os.execve(plan["command"][0], plan["command"], plan["environment"])


if __name__ == "__main__":
    main(sys.argv[1])
