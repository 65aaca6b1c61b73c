"""Watching: the alarm comes with what is found, goes with it, and outlives a look that failed."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from govcloud.core.errors import GovcloudError
from govcloud.deploy.drift.compare import Missing, Report
from govcloud.deploy.drift.watch import ALARM, METRICS, Watch

GONE = Report(missing=(Missing(unit="approval", kind="Port", name="approval-bastion", id="1"),))
DARK = Report(could_not_look=("network /ports: 503",))


def watched(folder: Path, *looks: Report | GovcloudError, webhook: str = "") -> tuple[bool, list[str]]:
    """Watch for these looks, one after another; return whether the alarm is raised at the end and what was told."""
    stopped, left = threading.Event(), list(looks)
    told: list[str] = []

    def look() -> Report:
        one = left.pop(0)
        if not left:
            stopped.set()
        if isinstance(one, GovcloudError):
            raise one
        return one

    return Watch(look, folder, 0.01, webhook).until(stopped, told.append), told


def test_what_is_found_raises_an_alarm_in_a_file_and_a_metric(tmp_path: Path) -> None:
    raised, told = watched(tmp_path, Report(), GONE)
    assert raised
    assert json.loads((tmp_path / ALARM).read_text(encoding="utf-8"))["missing"][0]["name"] == "approval-bastion"
    metrics = (tmp_path / METRICS).read_text(encoding="utf-8")
    assert 'govcloud_drift_findings{kind="missing"} 1' in metrics
    assert 'govcloud_drift_findings{kind="unmanaged"} 0' in metrics
    assert told == ["alarm: 1 findings, 1 of them new"]


def test_the_alarm_goes_when_nothing_is_found_any_more(tmp_path: Path) -> None:
    raised, told = watched(tmp_path, GONE, GONE, Report())
    assert not raised
    assert not (tmp_path / ALARM).exists()
    assert told == ["alarm: 1 findings, 1 of them new", "the alarm is over: nothing is found any more"]


@pytest.mark.parametrize("failed", [DARK, GovcloudError("a state is damaged")])
def test_a_look_that_failed_changes_no_alarm(tmp_path: Path, failed: Report | GovcloudError) -> None:
    raised, told = watched(tmp_path, GONE, failed)
    assert raised
    assert (tmp_path / ALARM).exists()
    assert told[-1].startswith("could not look: ")
    raised, _ = watched(tmp_path / "other", failed)
    assert not raised


@pytest.fixture
def listener() -> Iterator[tuple[str, list[int]]]:
    """Give an address that somebody listens at, and what it has been told."""
    heard: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.append(json.loads(body)["found"])
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", heard
    server.shutdown()
    thread.join()
    server.server_close()


def test_whoever_wants_to_know_is_told_when_the_alarm_changes(tmp_path: Path, listener: tuple[str, list[int]]) -> None:
    address, heard = listener
    watched(tmp_path, Report(), GONE, GONE, Report(), webhook=address)
    assert heard == [1, 0]


def test_nobody_there_to_be_told_ends_nothing(tmp_path: Path) -> None:
    raised, told = watched(tmp_path, GONE, webhook="http://127.0.0.1:9/")
    assert raised
    assert told[-1].startswith("http://127.0.0.1:9/ was not told: ")
