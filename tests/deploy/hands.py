"""Whoever changes something past the states, and what the city's own commands know of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import openstack.connection

from govcloud.core.model.inventory import load
from govcloud.core.model.units import units
from govcloud.core.workspace import Workspace
from govcloud.deploy import clouds_file
from govcloud.deploy.drift.states import Resource, read
from govcloud.deploy.pulumi_cli import Pulumi
from tests.conftest import City


@dataclass(frozen=True)
class Hands:
    """Whoever changes something: the departments, each with its own access, and the administrator."""

    workspace: Workspace
    admin: openstack.connection.Connection
    connections: dict[str, openstack.connection.Connection] = field(default_factory=dict)

    def of(self, department: str) -> openstack.connection.Connection:
        """Return an owner's connection."""
        if not department:
            return self.admin
        if department not in self.connections:
            self.connections[department] = clouds_file.connect(self.workspace, f"lab-{department}")
        return self.connections[department]


def known(city: City) -> list[Resource]:
    """Return what the states have."""
    workspace = Workspace(city.root)
    inventory = load(workspace.inventory)
    environment = inventory.environment("lab")
    states = read(Pulumi(workspace), environment, units(inventory, environment).values())
    return [one for state in states.values() for one in state.resources]


def drift(city: City, *names: str) -> tuple[int, dict[str, Any]]:
    """Look, and return the exit status and what was found."""
    done = city.run(["govcloud", "drift", *names, "--json"])
    assert done.returncode in {0, 1}, done.stderr
    return done.returncode, json.loads(done.stdout)
