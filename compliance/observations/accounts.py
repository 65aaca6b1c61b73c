"""The accounts of a host: who they are, what opens them, and which groups they are in. No password leaves the host."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from compliance.observations import CouldNotObserve, read

# The hash itself stays where it is: only what kind of lock it is comes back.
KINDS = """awk -F: '{print $1 ":" ($2 == "" ? "none" : $2 ~ /^[!*]/ ? "locked" : "password")}' /etc/shadow"""
_PASSWD_FIELDS = 7


@dataclass(frozen=True)
class Account:
    """`lock` is `locked`, `password`, or `none` for an account that opens without any."""

    user_id: int
    shell: str
    lock: str
    groups: frozenset[str]


def observe(host: Any) -> dict[str, Account]:
    """Look at a host."""
    return parse(read(host, "getent passwd"), read(host, KINDS, as_root=True), read(host, "getent group"))


def parse(passwd: str, kinds: str, groups: str) -> dict[str, Account]:
    """Understand the three lists."""
    locks = dict(line.split(":") for line in kinds.splitlines())
    members: dict[str, set[str]] = {}
    by_id = {}
    for line in groups.splitlines():
        name, _, group_id, users = line.split(":")
        by_id[group_id] = name
        for user in filter(None, users.split(",")):
            members.setdefault(user, set()).add(name)
    accounts = {}
    for line in passwd.splitlines():
        fields = line.split(":")
        if len(fields) != _PASSWD_FIELDS or fields[0] not in locks:
            raise CouldNotObserve(f"account {fields[0]} is in one list and not in the other")
        own = {by_id[fields[3]]} if fields[3] in by_id else set()
        grouped = frozenset(members.get(fields[0], set()) | own)
        accounts[fields[0]] = Account(int(fields[2]), fields[6], locks[fields[0]], grouped)
    return accounts
