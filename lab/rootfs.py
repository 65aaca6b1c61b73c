"""What the lab stands on, built once per user: a Debian root, OpenStack's environment, a database with every schema.

All three are read-only for a running lab and hold no secret, so that every checkout of the user can share them.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from govcloud.core import cache
from govcloud.core.errors import Exit, GovcloudError
from lab import debian
from toolchain.uv import uv_binary

HERE = Path(__file__).parent / "root"
# Services that look for their settings below /etc find them in the lab's own state.
SETTINGS = ("barbican", "cinder", "glance", "keystone", "libvirt", "neutron", "nova", "octavia", "placement", "swift")
# Of QEMU's and libvirt's packages, what no virtual machine here needs.
NOT_KEPT = (
    "libexec/qemu-system-i386",
    "bin/qemu-system-i386",
    "bin/qemu-system-x86_64-microvm",
    "sbin/dmidecode",
)


@dataclass(frozen=True)
class Foundations:
    """Finished cache entries that a lab starts from."""

    root: Path
    openstack: Path
    schemas: Path


def ensure_root() -> Path:
    """Return the Debian root file system, bootstrapping it when it is not in the cache (about 30 s)."""
    packages = _words(HERE / "packages.txt")
    shim = HERE / "sudo"
    hooks = _layout_hooks(shim)

    def build(target: Path) -> None:
        target.chmod(0o755)
        command = debian.bootstrap_command(target, packages, hooks)
        _run(["unshare", "--mount", "--propagation", "private", *command], "\n".join(debian.sources()) + "\n")

    # The shim's bytes count, not where this checkout keeps it.
    return cache.ensure("root", cache.digest(*packages, *_layout_hooks(Path("sudo")), shim), build)


def ensure_openstack(root: Path) -> Path:
    """Return the environment with all OpenStack services, installed from the lock file (about 20 s)."""
    lock = HERE / "openstack.txt"
    script = HERE / "install-openstack.sh"

    def build(target: Path) -> None:
        uv_cache = Path(os.environ.get("UV_CACHE_DIR") or Path.home() / ".cache" / "uv")
        _run(["unshare", "--mount", str(script), *map(str, (root, target, uv_binary(), uv_cache, lock))])

    return cache.ensure("openstack", cache.digest(root.name, lock, script), build)


def ensure_schemas(root: Path, openstack: Path) -> Path:
    """Return a MariaDB data directory with every service's schema (about 16 s); accounts are each lab's own."""
    script = HERE / "migrate-schemas.sh"
    namespaces = ["unshare", "--mount", "--pid", "--fork", "--net", "--ipc", "--kill-child=KILL"]

    def build(target: Path) -> None:
        _run([*namespaces, str(script), str(root), str(openstack), str(target)])

    return cache.ensure("schemas", cache.digest(root.name, openstack.name, script), build)


def ensure() -> Foundations:
    """Return all three, building what is missing; each needs the one before it."""
    root = ensure_root()
    openstack = ensure_openstack(root)
    return Foundations(root, openstack, ensure_schemas(root, openstack))


def _layout_hooks(shim: Path) -> list[str]:
    links = "; ".join(f'rm -rf "$1/etc/{name}"; ln -s /state/etc/{name} "$1/etc/{name}"' for name in SETTINGS)
    return [
        'mkdir -p "$1/state" "$1/code" "$1/opt/openstack"',
        links,
        f'install -m 755 "{shim}" "$1/usr/local/bin/sudo"',
        # The resolver is the lab's own affair, written at start.
        'rm -f "$1/etc/resolv.conf"; ln -s /run/resolv.conf "$1/etc/resolv.conf"',
        'ln -sfn /run/ovs1 "$1/var/run/openvswitch"; : > "$1/etc/machine-id"',
        *_virtual_machine_hooks(),
    ]


def _virtual_machine_hooks() -> list[str]:
    """Keep of libvirt and QEMU what runs x86_64 machines, and let them write into the lab's state."""
    homes = {
        "lib/libvirt": "/state/libvirt",
        "cache/libvirt": "/state/libvirt/cache",
        "log/libvirt": "/state/libvirt/log",
    }
    drivers = "usr/lib/x86_64-linux-gnu/libvirt/connection-driver"
    module = '$(cd "$1/usr/lib/python3/dist-packages"; ls libvirtmod.*.so | sed s:^:../python3/dist-packages/:)'
    binding = f"../python3/dist-packages/libvirt.py {module}"
    return [
        *(f'rm -rf "$1/var/{name}"; ln -s {target} "$1/var/{name}"' for name, target in homes.items()),
        f'find "$1/{drivers}" -name "*.so" ! -name libvirt_driver_qemu.so -delete',
        # dmidecode reads the machine's memory, which is closed in the lab.
        f'cd "$1/usr"; rm -f {" ".join(NOT_KEPT)}',
        # QEMU's default user: libvirt looks it up before it reads its settings.
        'chroot "$1" useradd --system --user-group --home-dir /nonexistent --shell /usr/sbin/nologin libvirt-qemu',
        # Python's binding alone: OpenStack's environment must not see Debian's other Python packages.
        f'mkdir "$1/usr/lib/python3-libvirt"; ln -s {binding} "$1/usr/lib/python3-libvirt"',
    ]


def _words(file: Path) -> list[str]:
    lines = (line.partition("#")[0].strip() for line in file.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line]


def _run(command: list[str], stdin: str | None = None) -> None:
    done = subprocess.run(["nice", *command], input=stdin or "", capture_output=True, text=True, check=False)
    if done.returncode:
        tail = (done.stdout + done.stderr)[-4000:]
        message = f"{command[0]} … {Path(command[-1]).name} ended with status {done.returncode}:\n{tail}"
        raise GovcloudError(message, status=Exit.COULD_NOT_CHECK)
