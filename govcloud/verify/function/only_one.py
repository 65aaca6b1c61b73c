"""One function test at a time of one operator in one project: the next one would sweep what the first is using."""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.language import tr
from govcloud.core.workspace import user_cache


@contextmanager
def only_one(place: str) -> Iterator[None]:
    """Hold the place, which all checkouts of this user share; the kernel frees it however the holder ends."""
    file = user_cache() / f"verify-function-{hashlib.sha256(place.encode()).hexdigest()[:16]}.lock"
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = tr("A function test of yours is running there. Fix: wait until it has ended")
            raise GovcloudError(message, status=Exit.COULD_NOT_CHECK) from None
        yield
