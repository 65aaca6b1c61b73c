"""Where a checkout keeps what is not in git.

One checkout has one lab: every name, address and port that the machine shares is derived from the checkout's path
(`lab.identity`), so that two checkouts never collide, and the tests work on a second checkout of their own.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Workspace:
    """The paths of one checkout, all absolute."""

    root: Path

    @classmethod
    def here(cls) -> Workspace:
        """Return the checkout that this code stands in; the current directory plays no part."""
        return cls(Path(__file__).resolve().parents[2])

    @property
    def lab(self) -> Path:
        """Everything of the running city: databases, volumes, logs, secrets, Pulumi's state. 0700."""
        return self.root / ".lab"

    @property
    def secrets(self) -> Path:
        """Generated secrets, one 0600 file each."""
        return self.lab / "secrets"

    @property
    def clouds_yaml(self) -> Path:
        """Credentials of `lab-admin` and of one cloud per department, 0600."""
        return self.lab / "clouds.yaml"

    @property
    def passphrase(self) -> Path:
        """The key of Pulumi's secrets, 0600."""
        return self.secrets / "pulumi_passphrase"

    @property
    def database_passwords(self) -> Path:
        """Passwords of databases that keep states, in PostgreSQL's own form (`.pgpass`), 0600."""
        return self.secrets / "pgpass"

    @property
    def ssh_key(self) -> Path:
        """The operator's private key to the guests, 0600; the public half stands beside it as `.pub`."""
        return self.secrets / "operator_ed25519"

    @property
    def pulumi_backend(self) -> Path:
        """Pulumi's file backend."""
        return self.lab / "pulumi"

    @property
    def pulumi_home(self) -> Path:
        """What Pulumi's engine keeps for itself: plugins, choice of stack, logs."""
        return self.lab / "pulumi_home"

    @property
    def bin(self) -> Path:
        """Links to the tool chain that this checkout uses: pulumi and its openstack plugin."""
        return self.lab / "bin"

    @property
    def inventory(self) -> Path:
        """The data of the city."""
        return self.root / "inventory"

    def build(self, environment: str) -> Path:
        """Where the products of one environment go: `stack_outputs.json`, evidence, reports."""
        return self.root / "build" / environment


def user_cache() -> Path:
    """Return the cache shared by all checkouts of this user; `GOVCLOUD_CACHE` moves it."""
    configured = os.environ.get("GOVCLOUD_CACHE")
    if configured:
        return Path(configured).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "govcloud"
