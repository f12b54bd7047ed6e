"""What every process of ours does before it may import Rasa."""

from __future__ import annotations

import logging
import os
import sys
import warnings

from components import absent


def prepare(*, training: bool = False) -> None:
    """Quiet, patched, without what we do not use. Raises patches.WrongVersion."""
    os.environ["RASA_TELEMETRY_ENABLED"] = "false"
    os.environ["LOG_LEVEL"] = "ERROR"  # no progress bars
    # One thread: faster for matrices this small, and the same sums on every machine.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    _log_plainly()
    always = absent.TENSORFLOW | absent.PLOTS
    absent.leave_out(always if training else always | absent.STORES | absent.LEARNING)
    from components import patches

    patches.apply()


def _log_plainly() -> None:
    """Single lines on stderr. Rasa's own logs are left out: its warnings quote what patients wrote."""
    import structlog

    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    logging.getLogger("components").setLevel(logging.INFO)
    logging.getLogger("rasa").setLevel(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    # Not a filter: several packages reset those while they are imported.
    warnings.showwarning = lambda *_, **__: None
