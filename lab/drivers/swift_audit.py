"""The audit filter for swift: its proxy has no log of oslo's, which the filter writes to, so it gets one of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from keystonemiddleware import audit


def filter_factory(global_conf: dict[str, Any], *, log_file: str, **conf: Any) -> Callable[[Any], Any]:
    """Return the filter, whose records go to a file in the form that the other services write them in."""
    records = logging.getLogger("oslo.messaging.notification.audit")
    # Swift loads its pipeline more than once.
    if not records.handlers:
        handler = logging.FileHandler(log_file)
        handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(levelname)s %(name)s [-] %(message)s"))
        records.setLevel(logging.INFO)
        records.propagate = False
        records.addHandler(handler)
    return audit.filter_factory(global_conf, driver="log", **conf)
