"""An entry is whole or not there, however a build ends."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path

import pytest

from govcloud.core import cache


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("GOVCLOUD_CACHE", str(tmp_path))
    return tmp_path


def _builds(part: Path) -> None:
    (part / "file").write_text("whole")


def test_what_is_there_is_not_built_again() -> None:
    first = cache.ensure("kind", "key", _builds)
    assert (first / "file").read_text() == "whole"

    def never(_: Path) -> None:
        raise AssertionError

    assert cache.ensure("kind", "key", never) == first
    assert cache.ensure("kind", "other", _builds) != first


def test_a_build_that_fails_leaves_nothing_that_looks_finished(own_cache: Path) -> None:
    def fails(part: Path) -> None:
        _builds(part)
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011 - the builder's own
        cache.ensure("kind", "key", fails)
    assert not cache.entry("kind", "key").exists()
    assert (cache.ensure("kind", "key", _builds) / "file").read_text() == "whole"
    assert sorted(path.name for path in own_cache.iterdir()) == ["kind-key", "kind-key.lock"]


def test_what_a_killed_build_left_running_does_not_reach_the_next_one() -> None:
    """Its children outlive it and go on writing, while the next attempt has begun."""
    parts: list[Path] = []

    def is_killed(part: Path) -> None:
        parts.append(part)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.ensure("kind", "key", is_killed)
    stop, written = threading.Event(), threading.Event()

    def writes_on() -> None:
        while not stop.is_set():
            with suppress(OSError):
                parts[0].mkdir(parents=True, exist_ok=True)
                (parts[0] / "half").write_text("not whole")
                written.set()

    def meanwhile(part: Path) -> None:
        _builds(part)
        # The first may tell of what was written before.
        for _ in range(2):
            written.clear()
            assert written.wait(10)

    left = threading.Thread(target=writes_on)
    left.start()
    try:
        assert written.wait(10)
        made = cache.ensure("kind", "key", meanwhile)
    finally:
        stop.set()
        left.join()
    assert [path.name for path in made.iterdir()] == ["file"]


def test_two_that_want_the_same_wait_for_one_build() -> None:
    built: list[Path] = []
    together = threading.Barrier(2)

    def counted(part: Path) -> None:
        built.append(part)
        _builds(part)

    def wants() -> None:
        together.wait(10)
        cache.ensure("kind", "key", counted)

    both = [threading.Thread(target=wants) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert len(built) == 1
