"""The driver's options in nova.conf, group `nspawn`."""

from __future__ import annotations

from pathlib import Path

import nova.conf
from oslo_config import cfg

from lab.drivers.nspawn import nodes
from lab.drivers.nspawn.commands import GuestError

CONF = nova.conf.CONF
OPTIONS = [
    cfg.MultiStrOpt(
        "node",
        default=[
            "compute-1 - unix:/run/ovs1/db.sock /state/nova/compute-1",
            "compute-2 compute-2 unix:/run/ovs2/db.sock /state/nova/compute-2",
        ],
        help="A compute node of the lab: NAME NETNS OVSDB STATE_DIRECTORY",
    ),
    cfg.StrOpt("base_path", help="Unpacked images, shared by all nodes; next to the state directories by default"),
    cfg.StrOpt("mirror_address", help="Address that guests know as mirror.city.internal"),
    cfg.IntOpt("vcpus", default=512, help="Declared, not measured: guests share the machine"),
    cfg.IntOpt("memory_mib", default=1048576, help="Declared, not measured"),
    cfg.IntOpt("disk_gib", default=20480, help="Declared, not measured"),
]
CONF.register_opts(OPTIONS, group="nspawn")


def all_nodes() -> dict[str, nodes.Node]:
    """Return every node of the lab by name."""
    return nodes.parse(CONF.nspawn.node)


def this_node() -> nodes.Node:
    """Return the node of this nova-compute."""
    known = all_nodes()
    if CONF.host not in known:
        raise GuestError(f"[nspawn] node: no line for host {CONF.host}, only for {', '.join(known) or 'none'}")
    return known[CONF.host]


def base_path() -> Path:
    """Return where images are unpacked."""
    return Path(CONF.nspawn.base_path or Path(CONF.state_path).parent / "nspawn-base")
