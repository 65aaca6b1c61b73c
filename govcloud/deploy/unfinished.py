"""The note that an update of a stack has begun, which goes when it has ended well.

Pulumi notes what it asks for, but not for good: a request that the cloud carried out and whose answer was lost counts
as failed, and its note is gone. While our own note is there, what carries this unit's name, was made at the noted time
and is in no state was made by an update that did not end well.

Times are the cloud's own, so that clocks need not agree. From the first that did not end well to the last, the updates
count as one; a killed one as a day. What is made later, by whatever means, is nobody's leftover.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from openstack.connection import Connection

from govcloud.core.files import write_atomically
from govcloud.core.workspace import Workspace

_KILLED = timedelta(days=1)
# A request that was under way when its sender gave up may still be carried out.
_LATE = timedelta(minutes=2)


@dataclass(frozen=True)
class Window:
    """When the updates ran that did not end well."""

    began: datetime
    until: datetime

    def holds(self, moment: datetime) -> bool:
        """Say whether something was made by them."""
        return self.began <= moment <= self.until

    @classmethod
    def read(cls, text: str) -> Self:
        """Read what `str` gives."""
        began, until = map(datetime.fromisoformat, text.split())
        return cls(began, until)

    def __str__(self) -> str:
        return f"{self.began.isoformat()} {self.until.isoformat()}"


def window(workspace: Workspace, stack: str) -> Window | None:
    """Return when the updates ran that did not end well, or None; a note that cannot be read is none."""
    try:
        return Window.read(_file(workspace, stack).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def begin(workspace: Workspace, stack: str, cloud: Connection) -> Window:
    """Note that an update begins; the note holds for a day unless it is taken away or `failed` says more."""
    session: Any = cloud.session
    now = session.auth.get_access(session).issued.astimezone(UTC).replace(microsecond=0)
    earlier = window(workspace, stack)
    noted = Window(earlier.began if earlier else now, now + _KILLED)
    write_atomically(_file(workspace, stack), str(noted))
    return noted


def failed(workspace: Workspace, stack: str, begun: Window, seconds: float) -> None:
    """Note that an update has ended, not well, so many seconds after it began."""
    until = begun.until - _KILLED + timedelta(seconds=seconds) + _LATE
    write_atomically(_file(workspace, stack), str(Window(begun.began, until)))


def forget(workspace: Workspace, stack: str) -> None:
    """Take the note away: nothing of a stack is open."""
    _file(workspace, stack).unlink(missing_ok=True)


def _file(workspace: Workspace, stack: str) -> Path:
    return workspace.lab / "unfinished" / stack
