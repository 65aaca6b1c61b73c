"""Getting a stack ready: it exists and is whole, names its cloud, has its secrets, and no dead lock is on it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.files import write_atomically
from govcloud.core.language import tr
from govcloud.core.model.environment import Environment
from govcloud.core.model.inventory import Inventory
from govcloud.core.model.units import PROJECT, Unit, department_of, units
from govcloud.deploy import given_access, locks
from govcloud.deploy.pulumi_cli import AT_ONCE, Pulumi
from govcloud.deploy.states import mend

_CLOUD = "openstack:cloud"


def prepare(
    pulumi: Pulumi,
    inventory: Inventory,
    environment: Environment,
    wanted: list[Unit],
    tell: Callable[[str], None],
) -> None:
    """Make what is missing of the stacks of all wanted units, and mend damaged ones; what is there stays as it is."""
    if not pulumi.workspace.passphrase.is_file():
        message = tr(
            "{file}: the passphrase of the stacks' secrets is not there. Fix: put a long random text there, mode 0600, "
            "and keep a copy elsewhere (in the lab: make up)",
            file=pulumi.workspace.passphrase,
        )
        raise GovcloudError(message, status=Exit.COULD_NOT_CHECK)
    # Of all units, for one damaged state keeps Pulumi from listing any. A database looks after itself.
    for unit in () if pulumi.state_backend else units(inventory, environment).values():
        stack = unit.stack(environment.key)
        if in_use(pulumi, stack) is None:
            mend(pulumi, stack, tell)
    existing = pulumi.stacks()

    def one(unit: Unit) -> None:
        stack = unit.stack(environment.key)
        if stack not in existing:
            pulumi.text("stack", "init", "--no-select", stack)
        free(pulumi, stack)
        if environment.tenancy and unit.department:
            given_access.announce(pulumi.workspace, environment, unit.department)
        _name_cloud(pulumi.settings(stack), unit.cloud(environment))
        for key, length in _secrets(inventory, unit).items():
            _ensure_secret(pulumi, stack, key, length)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(one, wanted))


def _secrets(inventory: Inventory, unit: Unit) -> dict[str, int]:
    if unit.system is None:
        return {}
    system = department_of(inventory, unit).systems[unit.system]
    return {key: secret.length for key, secret in system.security.secrets.items()}


def _settings(file: Path) -> dict[str, Any]:
    loaded = yaml.safe_load(file.read_text(encoding="utf-8")) if file.is_file() else None
    return loaded if isinstance(loaded, dict) else {}


def _name_cloud(file: Path, cloud: str) -> None:
    settings = _settings(file)
    if (settings.get("config") or {}).get(_CLOUD) != cloud:
        settings["config"] = {**(settings.get("config") or {}), _CLOUD: cloud}
        write_atomically(file, yaml.safe_dump(settings, allow_unicode=True), mode=0o600)


def settings_with_cloud(file: Path, cloud: str, copy: Path) -> None:
    """Write a copy of a stack's settings that names another cloud: for a preview before a department has its access."""
    settings = _settings(file)
    settings["config"] = {**(settings.get("config") or {}), _CLOUD: cloud}
    write_atomically(copy, yaml.safe_dump(settings, allow_unicode=True), mode=0o600)


def _ensure_secret(pulumi: Pulumi, stack: str, key: str, length: int) -> None:
    """Generate a secret once. It goes to the command by its input and is encrypted before it is written."""
    if f"{PROJECT}:{key}" in (_settings(pulumi.settings(stack)).get("config") or {}):
        return
    alphabet = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    value = "".join(secrets.choice(alphabet) for _ in range(length))
    pulumi.text("config", "set", "--secret", key, "--stack", stack, given=value)


def in_use(pulumi: Pulumi, stack: str) -> str | None:
    """Return who is at work on a stack, or None when nobody living is."""
    return _user(pulumi, pulumi.locks(stack))


def free(pulumi: Pulumi, stack: str) -> None:
    """Take away the locks that killed commands left on a stack; refuse while a living one holds it."""
    found = pulumi.locks(stack)
    user = _user(pulumi, found)
    if user:
        raise locks.refuse(stack, user)
    # Each by its own name, as it was read: one that has come meanwhile is not touched.
    for lock in found:
        pulumi.unlock(lock)
        locks.forget(pulumi.workspace, lock)


def _user(pulumi: Pulumi, found: list[locks.Lock]) -> str | None:
    """Return who holds one of these locks, or None when all are of the dead."""
    shared = pulumi.state_backend is not None
    return next((user for lock in found if (user := locks.holder(pulumi.workspace, lock, shared=shared))), None)
