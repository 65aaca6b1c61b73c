"""States and cloud held against each other. Pure: whoever calls has looked at both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from pydantic import Field

from govcloud.core.audit import Record, last_done
from govcloud.core.language import tr
from govcloud.core.model.base import Model
from govcloud.core.model.environment import Environment
from govcloud.deploy.drift import explained
from govcloud.deploy.drift.asking import Thing
from govcloud.deploy.drift.kind import Kind, by_id, in_department
from govcloud.deploy.drift.kinds import KINDS
from govcloud.deploy.drift.look import Picture, project_of
from govcloud.deploy.drift.network_kinds import is_leg
from govcloud.deploy.drift.states import Resource


class Finding(Model):
    """What all findings tell."""

    by: str = ""
    """Who changed it last through the cloud's interfaces, as far as audit records name it; a creation does not."""
    since: datetime | None = None
    """When that was."""


class Unmanaged(Finding):
    """Something in the cloud that no state knows."""

    kind: str
    """The list that it is in."""
    id: str
    name: str
    project: str
    """Whose it is: a department, or the project's id."""
    unit: str
    """What its label says; empty without a label."""


class Missing(Finding):
    """Something that a state has and the cloud has not."""

    unit: str
    kind: str
    name: str
    id: str


class ChangedField(Model):
    """One field that differs; values as they compare, secrets never."""

    field: str
    state: Any
    cloud: Any


class Changed(Missing):
    """Something that both have, and not alike."""

    fields: tuple[ChangedField, ...]


Found = TypeVar("Found", Unmanaged, Missing, Changed)
_JOINING = {"VolumeAttach", "attachments"}


class Report(Model):
    """What `govcloud drift --json` prints."""

    unmanaged: tuple[Unmanaged, ...] = ()
    missing: tuple[Missing, ...] = ()
    changed: tuple[Changed, ...] = ()
    could_not_look: tuple[str, ...] = ()
    api_calls: int = Field(default=0, description="How often clouds were asked, tokens included.")
    seconds: float = 0.0

    @property
    def found(self) -> int:
        """How many findings there are."""
        return len(self.unmanaged) + len(self.missing) + len(self.changed)

    @property
    def units(self) -> set[str]:
        """The units in which something is missing or changed."""
        return {one.unit for one in (*self.missing, *self.changed)}


def compare(resources: Sequence[Resource], picture: Picture, environment: Environment) -> Report:
    """Return everything that differs. What could not be looked at is no finding: neither missing nor alike."""
    joined = _joined(resources)
    by_list: dict[str, dict[str, Thing]] = {}
    missing: list[Missing] = []
    changed: list[Changed] = []
    known: dict[str, set[str]] = {}
    unread = {one.kind for one in resources if one.kind not in KINDS}
    for one in resources:
        kind = KINDS.get(one.kind)
        if kind is None:
            continue
        identity = kind.known(one)
        known.setdefault(kind.listed, set()).add(identity)
        if kind.listed not in picture.lists:
            continue
        things = by_list.setdefault(one.kind, _by_identity(kind, picture))
        about = {"unit": one.unit, "kind": _short(one.kind), "name": one.name, "id": one.id}
        thing = things.get(identity)
        if thing is None:
            missing.append(Missing(**about))
        elif fields := [*_differing(kind, {**one.outputs, **joined.get(one.id, {})}, thing)]:
            changed.append(Changed(**about, fields=tuple(fields)))
    return Report(
        unmanaged=tuple(_unmanaged(known, picture, environment)),
        missing=tuple(missing),
        changed=tuple(changed),
        could_not_look=(
            *(tr("{kind}: nobody here knows how to compare it", kind=kind) for kind in sorted(unread)),
            *sorted(set(picture.could_not_look)),
        ),
        api_calls=picture.calls,
    )


def told_by_whom(report: Report, records: Sequence[Record]) -> Report:
    """Return the report with who did it and when, as far as the records say."""

    def told(one: Found) -> Found:
        # A project's quotas bear the region behind its id, a department's own things the department before their name.
        thing = one.id.partition("/")[0] if one.kind.startswith("Quot") else one.id.rpartition("/")[2]
        last = last_done(records, one.id if one.kind in _JOINING else thing)
        return one.model_copy(update={"by": last.who, "since": last.at}) if last else one

    return report.model_copy(
        update={
            "unmanaged": tuple(map(told, report.unmanaged)),
            "missing": tuple(map(told, report.missing)),
            "changed": tuple(map(told, report.changed)),
        }
    )


def _short(kind: str) -> str:
    return kind.rpartition(":")[2]


def _by_identity(kind: Kind, picture: Picture) -> dict[str, Thing]:
    return {kind.identity(one): one for one in picture.lists[kind.listed] if kind.chosen(one)}


def _differing(kind: Kind, outputs: Mapping[str, Any], thing: Thing) -> Iterator[ChangedField]:
    for one in kind.fields:
        if both := one.differs(outputs, thing):
            yield ChangedField(field=one.name, state=both[0], cloud=both[1])


def _joined(resources: Sequence[Resource]) -> dict[str, dict[str, str]]:
    """Return what a resource's own outputs cannot say yet, because what joins it was made later: by id."""
    found: dict[str, dict[str, str]] = {}
    for one in resources:
        kind = _short(one.kind)
        if kind == "Port":
            found.setdefault(one.id, {}).setdefault("deviceId", "")
        elif kind == "Instance":
            # Nova gives the port its server's name, for the network's names.
            joins = {"deviceId": one.id, "dnsName": str(one.outputs.get("name"))}
            for network in one.outputs.get("networks") or ():
                found.setdefault(str(network.get("port")), {}).update(joins)
        elif kind == "Pool" and one.outputs.get("listenerId"):
            found.setdefault(str(one.outputs["listenerId"]), {})["defaultPoolId"] = one.id
    return found


def _unmanaged(known: Mapping[str, set[str]], picture: Picture, environment: Environment) -> Iterator[Unmanaged]:
    for listed in sorted(explained.TOLD.keys() & picture.lists.keys()):
        for thing in picture.lists[listed]:
            identity = _identity(listed, thing)
            if identity in known.get(listed, ()) or explained.why(listed, thing, picture, environment):
                continue
            project = project_of(thing)
            yield Unmanaged(
                kind=listed,
                id=identity,
                name=_name(listed, thing),
                project=str(thing.get("department") or picture.departments.get(project, project)),
                unit=_label(thing),
            )


def _identity(listed: str, thing: Thing) -> str:
    if listed in {"containers", "key_pairs"}:
        return in_department(thing)
    if listed == "role_assignments":
        return str(thing["links"]["assignment"]).partition("/v3/")[2]
    return by_id(thing)


def _name(listed: str, thing: Thing) -> str:
    if listed == "role_assignments":
        who = (thing.get("user") or thing.get("group") or {}).get("name")
        return f"{who}: {thing['role']['name']}"
    if listed == "security_group_rules":
        other = thing.get("remote_ip_prefix") or thing.get("remote_group_id") or "anywhere"
        return f"{thing['direction']} {thing['protocol']} {thing['port_range_min']} {other} {thing['ethertype']}"
    if listed == "ports" and is_leg(thing):
        return f"leg of router {thing['device_id']}"
    return str(thing.get("name") or thing.get("floating_ip_address") or "")


def _label(thing: Thing) -> str:
    metadata = thing.get("metadata")
    if isinstance(metadata, Mapping) and "unit" in metadata:
        return str(metadata["unit"])
    return next((str(tag)[5:] for tag in thing.get("tags") or () if str(tag).startswith("unit=")), "")
