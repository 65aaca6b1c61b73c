"""What does not depend on a checkout is built once per user and kept by the hash of its inputs.

An entry is a directory. It is built beside its final place and moved there when whole, so a build that is killed leaves
nothing that looks finished, and two checkouts that want the same entry wait for one build.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from govcloud.core.workspace import user_cache


def digest(*inputs: str | bytes | Path) -> str:
    """Return 16 hex digits over the inputs, in order; a path stands for the bytes of that file."""
    total = hashlib.sha256()
    for part in inputs:
        data = part.read_bytes() if isinstance(part, Path) else part.encode() if isinstance(part, str) else part
        total.update(len(data).to_bytes(8, "big"))
        total.update(data)
    return total.hexdigest()[:16]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on a file; the kernel frees it however the holder ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def entry(kind: str, key: str) -> Path:
    """Return where an entry stands, whether or not it has been built."""
    return user_cache() / f"{kind}-{key}"


def ensure(kind: str, key: str, build: Callable[[Path], None]) -> Path:
    """Return the finished entry, building it first when it is not there.

    `build` fills an empty directory that it is given. What it raises goes to the caller and the part is removed at the
    next attempt.
    """
    final = entry(kind, key)
    if final.is_dir():
        return final
    with locked(final.with_suffix(".lock")):
        if final.is_dir():
            return final
        for old in final.parent.glob(f"{final.name}.*part"):
            shutil.rmtree(old, ignore_errors=True)
        # Never where an earlier attempt was: what that one started may still be writing there.
        around = Path(tempfile.mkdtemp(prefix=f"{final.name}.", suffix=".part", dir=final.parent))
        part = around / "whole"
        part.mkdir()
        build(part)
        part.rename(final)
        around.rmdir()
    return final
