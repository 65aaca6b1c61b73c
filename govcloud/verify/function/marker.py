"""The mark of everything that the function test makes, by which it and nothing else is found and removed again.

It is in the name, and a second time where the cloud takes it in the very request that makes the thing, so that no kill
can come between the two. It tells the operator, because two of them may test at a time in one project, the run and its
time.
"""

from __future__ import annotations

import getpass
import hashlib
import platform
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

WORD = "govcloud-verify"
KEY = "govcloud_verify"
_NAME = re.compile(rf"{WORD}-(?P<owner>[0-9a-f]{{6}})-(?P<run>\d{{12}}-[0-9a-f]{{4}})-[a-z0-9-]+")


def operator() -> str:
    """Return who tests, as six digits: this user of this machine. No name of a person goes into a cloud."""
    return hashlib.sha256(f"{getpass.getuser()}@{platform.node()}".encode()).hexdigest()[:6]


@dataclass(frozen=True, kw_only=True)
class Marker:
    """One run of one operator."""

    owner: str
    run: str

    @classmethod
    def now(cls) -> Marker:
        """Return the mark of a run that begins."""
        return cls(owner=operator(), run=f"{datetime.now(UTC):%y%m%d%H%M%S}-{secrets.token_hex(2)}")

    def name(self, scenario: str, what: str) -> str:
        """Return the name of something that is about to be made."""
        return f"{WORD}-{self.owner}-{self.run}-{scenario}-{what}"

    def prefix(self, scenario: str = "") -> str:
        """Return what the names of a run begin with, or those of one of its scenarios."""
        return f"{WORD}-{self.owner}-{self.run}-" + (f"{scenario}-" if scenario else "")

    @property
    def everybody(self) -> str:
        """What the names of all this operator's runs begin with."""
        return f"{WORD}-{self.owner}-"

    @property
    def metadata(self) -> dict[str, str]:
        """The second mark where a thing bears metadata."""
        return {KEY: self.owner, f"{KEY}_run": self.run}

    @property
    def text(self) -> str:
        """The second mark where a thing bears a description."""
        return f"{WORD} {self.owner} {self.run}"

    def owns(self, name: object, second: object = None) -> bool:
        """Tell whether a thing of this name and second mark was made by a run of this operator.

        `second` is metadata, a description, or None where the cloud keeps none for this kind.
        """
        found = _NAME.fullmatch(str(name))
        if found is None or found["owner"] != self.owner:
            return False
        if isinstance(second, dict):
            return second.get(KEY) == self.owner
        return second is None or str(second).split()[:2] == [WORD, self.owner]
