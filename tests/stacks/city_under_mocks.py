"""The sample city, built under mocks: every resource that the program asks for, without a cloud."""

from __future__ import annotations

import functools
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
from google.protobuf.json_format import MessageToDict
from pulumi.runtime.mocks import MockMonitor

from govcloud.core.model.inventory import Inventory
from govcloud.core.model.outputs import EXPORT
from govcloud.core.model.units import PROJECT, Unit, system_of, units
from govcloud.core.workspace import Workspace
from stacks.program import build
from tests.sample import SAMPLE

CANARY = "canary-7f3a-of-a-secret"


@dataclass(frozen=True)
class Made:
    """One resource as it was asked for."""

    unit: str
    type: str
    name: str
    inputs: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """The last part of its type."""
        return self.type.rpartition(":")[2]


@dataclass
class City(pulumi.runtime.Mocks):
    """Answers the program in the place of the engine and the provider."""

    inventory: Inventory
    unit: str = ""
    made: list[Made] = field(default_factory=list)
    urns: list[str] = field(default_factory=list)
    exports: dict[str, Any] = field(default_factory=dict)
    protected: set[tuple[str, str]] = field(default_factory=set)
    asked: list[dict[str, Any]] = field(default_factory=list)
    """Every resource in the words of an exported state."""

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        """Give a resource an id and the outputs that the program reads."""
        if args.typ == "pulumi:pulumi:StackReference":
            unit = args.inputs["name"].partition("/lab-")[2]
            return args.name, {**args.inputs, "outputs": {EXPORT: self.exports.get(unit)}}
        self.made.append(Made(self.unit, args.typ, args.name, args.inputs))
        given = {"address": "198.51.100.9", "device": "/dev/vdb", "secretRef": "https://keys/" + args.name}
        return f"{args.name}-id", {**given, **args.inputs}

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[str, Any]:  # type: ignore[override]
        """Answer a question to the cloud."""
        return {**args.args, "id": "external-id"}

    @property
    def resources(self) -> list[Made]:
        """All that the provider is asked for; components are ours alone."""
        return [one for one in self.made if one.type.startswith("openstack:")]

    def of(self, kind: str) -> Iterator[Made]:
        """Return the resources of one kind."""
        return (one for one in self.resources if one.kind == kind)

    def named(self, kind: str, name: str) -> Made:
        """Return one resource."""
        return next(one for one in self.of(kind) if one.name == name)


class Monitor(MockMonitor):
    """Notes what the mocks are not told: which resources are protected, and what their values come from."""

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the interface of Pulumi's monitor
        """Register a resource."""
        if request.protect:
            self.mocks.protected.add((request.type.rpartition(":")[2], request.name))
        answer = super().RegisterResource(request)
        told = {
            "urn": self._real(answer.urn),
            "type": request.type,
            "inputs": MessageToDict(request.object),
            "protect": request.protect,
            "propertyDependencies": {
                key: [self._real(urn) for urn in found.urns] for key, found in request.propertyDependencies.items()
            },
        }
        self.mocks.asked.append(told)
        return answer

    def _real(self, urn: str) -> str:
        """Put the stack and the project that the mocks leave out into a URN."""
        return f"urn:pulumi:lab-{self.mocks.unit}::{PROJECT}::{urn.split('::', 2)[2]}"


def build_city(inventory: Inventory, root: Path, *, preview: bool = False) -> City:
    """Build every unit, each after those it needs; in a preview none of them has been built before."""
    write_operator_key(inventory, root)
    city = City(inventory)
    for unit in units(inventory, inventory.environments["lab"]).values():
        build_unit(city, unit, root, preview=preview)
    return city


def write_operator_key(inventory: Inventory, root: Path) -> None:
    """Put the operator's public key where the program looks for it."""
    key = root / inventory.environments["lab"].operator_public_key
    key.parent.mkdir(parents=True, exist_ok=True)
    key.write_text("ssh-ed25519 AAAA operator\n")


def build_unit(city: City, unit: Unit, root: Path, *, preview: bool) -> None:
    """Build one unit; `root` has the operator's key."""
    city.unit = unit.name
    secrets = {f"{PROJECT}:{secret}": CANARY for secret in _secrets(city.inventory, unit)}
    monitor = Monitor(city)
    pulumi.runtime.set_mocks(city, project=PROJECT, stack=unit.stack("lab"), preview=preview, monitor=monitor)
    pulumi.runtime.set_all_config(secrets, list(secrets))
    export = _run(functools.partial(build, city.inventory, unit.stack("lab"), root))
    if not preview:
        city.exports[unit.name] = export
    for urn in monitor.get_registered_resources():
        *_, kind, resource = urn.split("::")
        city.urns.append(f"{unit.name}::{kind}::{resource}")


def _secrets(inventory: Inventory, unit: Unit) -> list[str]:
    return list(system_of(inventory, unit).security.secrets) if unit.system else []


def _run(program: Callable[[], Any]) -> object:
    """Run a program to its end and return its export as the next stack reads it."""
    found: list[Any] = [None]

    @pulumi.runtime.test
    def run() -> pulumi.Output[None]:
        return pulumi.Output.from_input(program()).apply(lambda value: found.append(json.loads(json.dumps(value))))

    run()
    return found[-1]


def renew(golden: Path) -> None:
    """Write the golden list of URNs; what changed in it shows in the review."""
    with tempfile.TemporaryDirectory() as root:
        city = build_city(SAMPLE, Path(root))
    golden.write_text("\n".join(sorted(city.urns)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    renew(Workspace.here().root / "tests" / "data" / "lab_urns.txt")
