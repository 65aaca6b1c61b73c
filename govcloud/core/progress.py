"""Progress of long work: phases that may overlap, with the time left; plain lines where there is no terminal.

What a phase and the whole run took last time is kept in the user's cache: by it bars fill and the time left counts
down. A phase that has never ended before has no time to go by, and its bar says so by moving only.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self, TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.progress_bar import ProgressBar
from rich.text import Text

from govcloud.core.files import write_atomically
from govcloud.core.language import tr
from govcloud.core.workspace import user_cache

T = TypeVar("T")


class _Bar(BarColumn):
    """A bar that fills by the time that has passed; one that takes longer than last time stays just short of full."""

    def render(self, task: Task) -> ProgressBar:
        if task.total and not task.finished:
            task.completed = min(task.elapsed or 0.0, task.total * 0.99)
        return super().render(task)


class _Left(ProgressColumn):
    """The seconds left, and at the end those that it took."""

    def render(self, task: Task) -> Text:
        took = task.fields["took"]
        if took is not None:
            return Text(f"{took:.1f} s")
        if not task.total:
            return Text("")
        left = task.total - (task.elapsed or 0.0)
        return Text(tr("{seconds} s left", seconds=f"{left:.0f}") if left > 0 else tr("longer than last time"))


class Phases:
    """A run of named phases. Use as a context manager; call `phase` from any thread."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.seconds: dict[str, float] = {}
        self._lock = threading.Lock()
        self._history_file = user_cache() / "phase_seconds.json"
        self._history = self._read_history()
        self._console = Console(stderr=True)
        self._bar: Progress | None = None
        self._whole: TaskID | None = None
        self._started = time.monotonic()

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            self._bar = Progress(
                SpinnerColumn(),
                TextColumn("{task.description}"),
                _Bar(),
                TimeElapsedColumn(),
                _Left(),
                console=self._console,
            )
            self._bar.start()
            self._whole = self._bar.add_task(self.title, total=self._history.get(self.title), took=None)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar and self._whole is not None:
            self._finish(self._bar, self._whole, self.total)
            self._bar.stop()
        if kind is None:
            self._history.update({f"{self.title}/{name}": took for name, took in self.seconds.items()})
            self._history[self.title] = round(self.total, 1)
            write_atomically(self._history_file, json.dumps(self._history, indent=1))

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Time one phase. A phase that raises is reported as failed and the error goes on."""
        expected = self._history.get(f"{self.title}/{name}")
        task = self._bar.add_task(name, total=expected, took=None) if self._bar else None
        if not self._bar:
            hint = tr("about {seconds} s", seconds=f"{expected:.0f}") if expected else ""
            self._line(f"… {name}" + (f" ({hint})" if hint else ""))
        start = time.monotonic()
        try:
            yield
        except BaseException:
            self._line(
                "✗ " + tr("{name} failed after {seconds} s", name=name, seconds=f"{time.monotonic() - start:.1f}")
            )
            raise
        finally:
            took = time.monotonic() - start
            with self._lock:
                self.seconds[name] = round(took, 1)
            if self._bar and task is not None:
                self._finish(self._bar, task, took)
        if not self._bar:
            self._line(f"✓ {name} {took:.1f} s")

    def run(self, name: str, work: Callable[[], T]) -> T:
        """Run one function as a phase."""
        with self.phase(name):
            return work()

    def note(self, text: str) -> None:
        """Say something between phases."""
        self._line(text)

    @property
    def total(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self._started

    @staticmethod
    def _finish(bar: Progress, task: TaskID, took: float) -> None:
        bar.update(task, total=max(took, 0.1), completed=max(took, 0.1), took=took)

    def _line(self, text: str) -> None:
        self._console.print(f"[{self.total:6.1f} s] {text}", markup=False, highlight=False, soft_wrap=True)

    def _read_history(self) -> dict[str, float]:
        try:
            loaded = json.loads(self._history_file.read_text())
        except (OSError, ValueError):
            return {}
        return {str(key): float(value) for key, value in loaded.items()}
