"""Looking again and again, and raising an alarm for what is found: a file, a metric, a call to whoever wants to know.

The alarm is about what is there now: it goes when nothing is found any more. A look that failed changes no alarm; that
the last look was too long ago shows by its time in the metrics.
"""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from govcloud.core.errors import GovcloudError
from govcloud.core.files import write_atomically
from govcloud.core.language import tr
from govcloud.deploy.drift.compare import Report

_CALL_SECONDS = 10
ALARM, METRICS = "drift-alarm.json", "metrics.prom"


@dataclass(frozen=True)
class Watch:
    """What is done with each look; `folder` is `build/<environment>`."""

    look: Callable[[], Report]
    folder: Path
    seconds: float
    webhook: str = ""

    def until(self, stopped: threading.Event, tell: Callable[[str], None]) -> bool:
        """Look until somebody stops it; return whether the alarm is raised then."""
        before: frozenset[str] = frozenset()
        while True:
            begun = time.monotonic()
            report = self._looked(tell)
            if report:
                before = self._told(report, before, tell)
            if stopped.wait(max(0.0, self.seconds - (time.monotonic() - begun))):
                return bool(before)

    def _looked(self, tell: Callable[[str], None]) -> Report | None:
        try:
            report = self.look()
        except GovcloudError as error:
            tell(tr("could not look: {question}", question="; ".join(error.messages)))
            return None
        for question in report.could_not_look:
            tell(tr("could not look: {question}", question=question))
        return None if report.could_not_look else report

    def _told(self, report: Report, before: frozenset[str], tell: Callable[[str], None]) -> frozenset[str]:
        """Raise, renew or take back the alarm; whoever wants to know is called when it is about something else."""
        write_atomically(self.folder / METRICS, _metrics(report))
        now = frozenset(one.model_dump_json() for one in (*report.unmanaged, *report.missing, *report.changed))
        if now == before:
            return now
        if now:
            write_atomically(self.folder / ALARM, report.model_dump_json(indent=1) + "\n")
            tell(tr("alarm: {number} findings, {new} of them new", number=len(now), new=len(now - before)))
        else:
            (self.folder / ALARM).unlink(missing_ok=True)
            tell(tr("the alarm is over: nothing is found any more"))
        if self.webhook:
            self._call(report, tell)
        return now

    def _call(self, report: Report, tell: Callable[[str], None]) -> None:
        body = json.dumps({"found": report.found, "report": report.model_dump(mode="json")}).encode()
        request = urllib.request.Request(self.webhook, body, {"Content-Type": "application/json"})  # noqa: S310 - checked by the command
        try:
            with urllib.request.urlopen(request, timeout=_CALL_SECONDS):  # noqa: S310 - as above
                pass
        except (urllib.error.URLError, OSError) as error:
            tell(tr("{address} was not told: {reason}", address=self.webhook, reason=error))


def _metrics(report: Report) -> str:
    """Return the look as a text file for node-exporter's collector."""
    counts = {"unmanaged": report.unmanaged, "missing": report.missing, "changed": report.changed}
    lines = [
        "# HELP govcloud_drift_findings What differs between the states and the cloud.",
        "# TYPE govcloud_drift_findings gauge",
        *(f'govcloud_drift_findings{{kind="{kind}"}} {len(found)}' for kind, found in counts.items()),
        "# HELP govcloud_drift_looked_at_seconds When the cloud was last looked at, since 1970.",
        "# TYPE govcloud_drift_looked_at_seconds gauge",
        f"govcloud_drift_looked_at_seconds {time.time():.0f}",
    ]
    return "\n".join(lines) + "\n"
