"""The state of a stack on the disk: found to be whole, or put back from the last whole copy.

Pulumi's file backend writes a digest beside every file of its own (`.attrs`), keeps what stood there before the last
write (`.bak`) and the end of every operation (history). It compares none of them when it reads: a flipped bit would
become a wrong resource. Here they are compared before each operation. At most the last write is lost, and what it noted
is found in the cloud by the refresh and by the search for orphans that follow.

For files only: where an environment keeps its states in a database (`state_backend`), they are the database's to keep
whole, and its backups' to put back.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.files import write_atomically
from govcloud.core.language import tr
from govcloud.core.model.units import PROJECT
from govcloud.deploy.pulumi_cli import Pulumi


def mend(pulumi: Pulumi, stack: str, tell: Callable[[str], None]) -> None:
    """Put a damaged state back from its last whole copy; the damaged file is kept beside the others.

    Refuses (exit 4) when no copy is whole: nothing may be built on a guess.
    """
    top = pulumi.workspace.pulumi_backend / ".pulumi"
    file = top / "stacks" / PROJECT / f"{stack}.json"
    if whole(file) or not _ever_was(file):
        return
    copy = next((one for one in _copies(top, file, stack) if whole(one)), None)
    if copy is None:
        message = tr(
            "{file}: damaged, and so is every copy. Fix: restore it from a backup, then run this again", file=file
        )
        raise GovcloudError(message, status=Exit.SAFETY_RULE)
    if file.exists():
        kept = top / "damaged" / f"{stack}.{time.time_ns()}.json"
        kept.parent.mkdir(exist_ok=True)
        file.rename(kept)
    # The digest first: between the two steps the file is missing, which the next run finds.
    for source, target in ((_digest_of(copy), _digest_of(file)), (copy, file)):
        write_atomically(target, source.read_bytes().decode(), mode=0o600)
    tell(tr("{stack}: its state was damaged and is put back from {copy}", stack=stack, copy=copy.relative_to(top)))


def whole(file: Path) -> bool:
    """Return whether a file of the backend is there and has the digest that was written with it."""
    try:
        wanted = json.loads(_digest_of(file).read_text(encoding="utf-8"))["md5"]
        found = hashlib.md5(file.read_bytes(), usedforsecurity=False).digest()
        return base64.b64decode(wanted, validate=True) == found
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _ever_was(file: Path) -> bool:
    return file.exists() or _digest_of(file).exists()


def _copies(top: Path, file: Path, stack: str) -> list[Path]:
    """Return the copies of a state, newest first: after an operation that ended that is its end, else `.bak`."""
    ends = (top / "history" / PROJECT / stack).glob("*.checkpoint.json")
    found = [one for one in (file.with_name(f"{file.name}.bak"), *ends) if one.is_file()]
    return sorted(found, key=lambda one: one.stat().st_mtime_ns, reverse=True)


def _digest_of(file: Path) -> Path:
    return file.with_name(f"{file.name}.attrs")
