"""What a killed run left is removed by the next, by its mark and by nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from govcloud.verify.function import sweep
from govcloud.verify.function.marker import KEY, WORD, Marker, operator
from govcloud.verify.function.only_one import only_one
from tests.conftest import ROOT
from tests.verify.conftest import DEPARTMENT, Try

EARLIER = Marker(owner=operator(), run="261101120000-abcd")
STRANGER = Marker(owner="ffffff", run="261101120000-abcd")
KINDS = {
    "server": {"metadata": EARLIER.metadata, "flavor": {"vcpus": 1, "ram": 512}},
    "volume": {"metadata": EARLIER.metadata, "status": "available"},
    "image": EARLIER.metadata,
    "router": {"description": EARLIER.text},
    "network": {"description": EARLIER.text},
    "security_group": {"description": EARLIER.text},
    "loadbalancer": {"description": EARLIER.text},
}


def leave(tried: Try, marker: Marker, *, second: bool = True) -> None:
    """Leave one thing of each kind, as a run of that mark would have."""
    for kind, what in KINDS.items():
        marks = marker.metadata if kind == "image" else {**what}
        if "metadata" in marks:
            marks["metadata"] = marker.metadata if second else {}
        if "description" in marks:
            marks["description"] = marker.text if second else ""
        if kind == "image" and not second:
            marks = {}
        tried.cloud.add(kind, "approval", name=marker.name("server", kind.replace("_", "-")), **marks)
    tried.cloud.add("secret", "approval", name=marker.name("secret", "value"), payload="")
    name = marker.name("object", "container")
    objects = {"round-trip": b"1"}
    mark = marker.owner if second else ""
    tried.cloud.add("container", "approval", id=f"approval/{name}", name=name, _objects=objects, _mark=mark)


def swept(tried: Try) -> list[str]:
    with tried.connect() as cloud:
        return sorted(one.kind for one in sweep.sweep(cloud, tried.marker, tried.marker.everybody))


def test_everything_of_an_earlier_run_is_removed(tried: Try) -> None:
    leave(tried, EARLIER)
    assert swept(tried) == sorted(sweep.KINDS)
    assert tried.left() == []
    assert swept(tried) == []


def test_nothing_else_is_touched(tried: Try) -> None:
    leave(tried, STRANGER)
    for kind, what in KINDS.items():
        # The mark without the name, the name without its run, the name of a thing that begins as ours do.
        for name in ("approval-web-1", f"{WORD}-{EARLIER.owner}-", f"{WORD}-notes", f"{EARLIER.name('a', 'b')}.old"):
            tried.cloud.add(kind, "approval", name=name, **what)
    for name in ("database", f"{WORD}-{EARLIER.owner}-notes"):
        tried.cloud.add("secret", "approval", name=name, payload="")
    # Another project's, though the mark is ours: this access does not see it.
    tried.cloud.add("server", "bureau", name=EARLIER.name("server", "first"), **KINDS["server"])
    before = {kind: dict(things) for kind, things in tried.cloud.things.items()}
    assert swept(tried) == []
    tried.run("server", "volume", "object", "secret")
    assert {kind: tried.cloud.things[kind] for kind in before} == before


def test_the_name_alone_is_not_the_mark_where_there_is_a_second(tried: Try) -> None:
    leave(tried, EARLIER, second=False)
    # A secret bears no second one.
    assert swept(tried) == ["secret"]
    assert len(tried.left()) == len(KINDS) + 1


def test_a_service_that_is_down_does_not_keep_the_others_from_being_swept(tried: Try) -> None:
    leave(tried, EARLIER)
    tried.cloud.down.add("load-balancer")
    with pytest.raises(sweep.CouldNotLook, match="the cloud says"):
        swept(tried)
    assert [name for name in tried.left() if "loadbalancer" not in name] == []


def command(tried: Try, *options: str) -> list[str]:
    argv = [sys.executable, "-m", "tests.verify.run_there", str(tried.workspace.root), "verify", "function"]
    return [*argv, "--cloud", DEPARTMENT, *options]


def environment(tried: Try) -> dict[str, str]:
    cache = tried.workspace.root.parent / "cache"
    return {**os.environ, "GOVCLOUD_CACHE": str(cache), "PYTHONPATH": str(ROOT), "LANGUAGE": "C"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "kill_after",
    ["POST /network/v2.0/networks", "POST /compute/v2.1/servers", "POST /key-manager/v1/secrets", "PUT /object-store"],
)
def test_what_a_killed_run_left_is_removed_by_the_next(tried: Try, kill_after: str) -> None:
    came = threading.Event()

    def note(call: str) -> None:
        if call.startswith(kill_after):
            came.set()
            # The answer is lost with the one who waited for it.
            time.sleep(0.2)

    tried.cloud.seen = note
    running = subprocess.Popen(
        command(tried), cwd=ROOT, env=environment(tried), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        assert came.wait(180), "the run never came so far"
    finally:
        running.send_signal(signal.SIGKILL)
        running.communicate(timeout=30)
    assert tried.left()
    kept = tried.cloud.add("server", "approval", name="approval-web-1", metadata={KEY: "no"}, flavor={})
    tried.cloud.seen = lambda _: None
    done = subprocess.run(
        command(tried, "--sweep"), cwd=ROOT, env=environment(tried), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "removed, left by an earlier run: " in done.stderr
    assert tried.left() == []
    assert kept["id"] in tried.cloud.of("server")


def test_two_runs_of_one_operator_do_not_sweep_each_other(tried: Try) -> None:
    holder = (
        "import sys; from govcloud.verify.function.only_one import only_one\n"
        "with only_one('a place'): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder],
        cwd=ROOT,
        env=environment(tried),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(Exception, match="A function test of yours is running there"), only_one("a place"):
            pass
        with only_one("another place"):
            pass
        other.communicate("")
    with only_one("a place"):
        pass


def test_the_mark_names_nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert tmp_path
    monkeypatch.setenv("LOGNAME", "somebody")
    name = Marker.now().name("server", "restored")
    assert "somebody" not in name
    # A server's name becomes its host name.
    assert len(Marker.now().name("balancer", "behind-two")) <= 63
