"""The inventory as a tree that a person reads in a terminal."""

from __future__ import annotations

from rich.markup import escape
from rich.tree import Tree

from govcloud.core.model.department import Department, System
from govcloud.core.model.inventory import Inventory


def tree(inventory: Inventory) -> Tree:
    """Draw the whole city."""
    root = Tree(f"[bold]{escape(inventory.city.title)}[/] {inventory.plan.city.ipv4} {inventory.plan.city.ipv6}")
    _zones(root, inventory)
    for key, department in inventory.departments.items():
        _department(root.add(f"[bold]{key}[/] {escape(department.title)}"), department)
    return root


def _zones(root: Tree, inventory: Inventory) -> None:
    branch = root.add("[bold]zones[/]")
    for key, zone in inventory.zones.zones.items():
        block = inventory.plan.zones[key]
        leaf = branch.add(f"{key} {escape(zone.title)} level {zone.level} {block.ipv4} {block.ipv6}")
        for flow in zone.flows:
            ports = ", ".join(map(str, flow.ports))
            leaf.add(f"→ {flow.to} {flow.protocol} {ports} [dim]{escape(flow.why)} ({flow.clause})[/]")


def _department(branch: Tree, department: Department) -> None:
    for zone, network in department.networks.items():
        branch.add(f"network {zone} {network.ipv4} {network.ipv6}")
    if department.bastion:
        host = department.networks[department.bastion.zone].ipv4_of(department.bastion.first_host)
        branch.add(f"bastion {department.bastion.zone} {host} {department.bastion.size}")
    for key, system in department.systems.items():
        _system(branch.add(f"[bold]{key}[/] {escape(system.title)} level {system.level}"), department, system)


def _system(branch: Tree, department: Department, system: System) -> None:
    for tier, group in system.compute.items():
        first = department.networks[group.zone].ipv4_of(group.first_host)
        branch.add(f"{tier} {group.count} × {group.size} in {group.zone} from {first} on")
    for name, volume in system.storage.volumes.items():
        branch.add(f"volume {name} {volume.size_gib} GiB on each {volume.tier} server at {volume.mount}")
    for name, container in system.storage.containers.items():
        branch.add(f"container {name}" + (" versioned" if container.versioned else ""))
    for name, balancer in system.network.load_balancers.items():
        listeners = ", ".join(f"{key} {port}" for key, port in balancer.listeners.items())
        branch.add(f"load balancer {name} before {balancer.tier}: {listeners}")
    for access in system.security.access:
        ports = ", ".join(map(str, access.ports))
        branch.add(f"{access.source} → {access.to} {access.protocol} {ports} [dim]{escape(access.why)}[/]")
