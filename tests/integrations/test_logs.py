import subprocess
import sys

import pytest

from integrations.settings import ROOT

pytestmark = pytest.mark.slow

SPEAKS = """
logging.getLogger("library").warning("phone %s", "13812345678")
structlog.get_logger().error("a turn failed", reason="11010519900307013X")
"""
STARTS = {
    "gateway, worker, beat": "from integrations.logs import configure_logs; configure_logs()",
    "actions": """
from types import SimpleNamespace
import actions.__main__ as server
server.create_app = lambda settings: SimpleNamespace(run=lambda **_: None)
server.main()
""",
}


def test_no_process_writes_numbers_of_people_into_its_log():
    for process, start in STARTS.items():
        lines = subprocess.run(
            [sys.executable, "-c", f"import logging, structlog\n{start}\n{SPEAKS}"],
            check=True, capture_output=True, text=True, cwd=ROOT,
        ).stderr  # fmt: skip
        assert "[phone]" in lines, process
        assert "[id_number]" in lines, process
        assert "13812345678" not in lines, process
        assert "11010519900307013X" not in lines, process
