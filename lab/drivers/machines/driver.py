"""The class that nova loads on a host with virtual machines (`compute_driver = machines.driver.TwoKinds`).

A server is a container unless its image asks for QEMU by nova's own property (`hypervisor_type` or `img_hv_type`), by
which the scheduler finds this host as well. Both kinds stand on the host's one chassis: a nova-compute of its own for
virtual machines would need another.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nova.objects import fields
from nova.virt import driver

from lab.drivers.machines.guests import Machines
from lab.drivers.nspawn import settings
from lab.drivers.nspawn.driver import NspawnDriver

CONF = settings.CONF
# Asked about the host rather than about a server, though nova passes one along.
ABOUT_THE_HOST = ("get_volume_connector",)


class TwoKinds(NspawnDriver):
    """Containers and virtual machines on one host; what nova asks about a server goes to the driver of its kind."""

    def __init__(self, virtapi: Any) -> None:
        super().__init__(virtapi)
        self.machines = Machines(virtapi)

    def init_host(self, host: str) -> None:
        """Take the node over; what runs goes on running."""
        super().init_host(host)
        Path(CONF.instances_path).mkdir(parents=True, exist_ok=True)
        self.machines.init_host(host)

    def cleanup_host(self, host: str) -> None:
        """Let go of the node; what runs goes on running."""
        super().cleanup_host(host)
        self.machines.cleanup_host(host)

    def register_event_listener(self, callback: Callable[..., None]) -> None:
        """Tell nova of both kinds' events."""
        super().register_event_listener(callback)
        self.machines.register_event_listener(callback)

    def list_instances(self) -> list[str]:
        """Return the names of the node's servers."""
        return [*super().list_instances(), *self.machines.list_instances()]

    def list_instance_uuids(self) -> list[str]:
        """Return the UUIDs of the node's servers."""
        return [*super().list_instance_uuids(), *self.machines.list_instance_uuids()]

    def get_available_resource(self, nodename: str) -> dict[str, Any]:
        """Return the declared capacity, and that QEMU is here: the scheduler reads it."""
        found = super().get_available_resource(nodename)
        found["supported_instances"].append((fields.Architecture.X86_64, fields.HVType.QEMU, fields.VMMode.HVM))
        return found

    def manage_image_cache(self, context: Any, all_instances: Any) -> None:
        """Remove images that nobody uses."""
        super().manage_image_cache(context, all_instances)
        self.machines.manage_image_cache(context, all_instances)

    def is_machine(self, instance: Any) -> bool:
        """Tell a server's kind: it stays with who has it, whatever it is rebuilt from; a new one goes by its image."""
        if self.guest(instance.uuid).exists:
            return False
        if (Path(CONF.instances_path) / instance.uuid).exists():
            return True
        return instance.image_meta.properties.get("img_hv_type") == fields.HVType.QEMU


def _by_kind(name: str, question: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method that asks the driver of the server's kind."""
    signature, of_containers = inspect.signature(question), getattr(NspawnDriver, name)

    @functools.wraps(of_containers)
    def ask(self: TwoKinds, *words: Any, **named: Any) -> Any:
        if self.is_machine(signature.bind(self, *words, **named).arguments["instance"]):
            return getattr(self.machines, name)(*words, **named)
        return of_containers(self, *words, **named)

    return ask


for _name, _question in inspect.getmembers(driver.ComputeDriver, inspect.isfunction):
    if "instance" in inspect.signature(_question).parameters and _name not in ABOUT_THE_HOST:
        setattr(TwoKinds, _name, _by_kind(_name, _question))
