"""The one setting of the whole machine that the lab changes: how many inotify instances one user may have.

Each guest is a systemd host and takes about six; the default of 128 is spent at some eighteen guests and the next ones
never come up. The old value is kept beside the cache and restored when the last lab of the machine ends.
"""

from __future__ import annotations

import sys
from pathlib import Path

from govcloud.core.cache import locked
from govcloud.core.files import write_atomically
from govcloud.core.workspace import user_cache

SETTING = Path("/proc/sys/fs/inotify/max_user_instances")
WANTED = 8192


def raise_limit(lab_id: str) -> None:
    """Raise the limit for one lab, saying so; a limit that is high enough is left alone."""
    with locked(_users().with_suffix(".lock")):
        before = int(SETTING.read_text(encoding="ascii"))
        if before < WANTED:
            print(  # noqa: T201 - the operator is told before the machine is changed
                f"fs.inotify.max_user_instances: {before} -> {WANTED} while a lab runs (restored by `make down`)",
                file=sys.stderr,
            )
            write_atomically(_before(), str(before))
            SETTING.write_text(str(WANTED), encoding="ascii")
        _write({*_read(), lab_id})


def restore_limit(lab_id: str) -> bool:
    """Give the limit back when no other lab needs it; return whether it was changed."""
    with locked(_users().with_suffix(".lock")):
        # A lab that was killed may never have come here; one that runs has its link.
        left = {other for other in _read() if other != lab_id and Path(f"/sys/class/net/{other}").exists()}
        _write(left)
        if left or not _before().is_file():
            return False
        SETTING.write_text(_before().read_text(encoding="ascii"), encoding="ascii")
        _before().unlink()
        return True


def without_labs() -> int:
    """Return the limit that the machine has when no lab runs, also while one does or after one was killed."""
    return int((_before() if _before().is_file() else SETTING).read_text(encoding="ascii"))


def _users() -> Path:
    return user_cache() / "inotify-users"


def _before() -> Path:
    return user_cache() / "inotify-before"


def _read() -> set[str]:
    return set(_users().read_text(encoding="ascii").split()) if _users().is_file() else set()


def _write(users: set[str]) -> None:
    write_atomically(_users(), "\n".join(sorted(users)))
