"""What a server finds in its root file system at boot: name, keys, network, and nova's config drive as a directory.

A config drive is a small disk on a hypervisor; here its content stands where cloud-init looks for a seed. cloud-init
runs only for a server with user data: all else is done already, and its start costs seconds of CPU per host.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.drivers.nspawn import networkd
from lab.drivers.nspawn.commands import run
from lab.drivers.nspawn.guest import Guest, write

SEED = Path("var/lib/cloud/seed/config_drive")
NETWORK = Path("etc/systemd/network")
# What the platform gives to all, at one address.
SHARED = "mirror.city.internal time.city.internal"
_CLOUD_INIT = """\
# Written by the compute driver: this host's data is in the seed, its network and keys are done.
datasource_list: [ConfigDrive, None]
network: {config: disabled}
ssh_deletekeys: false
ssh_genkeytypes: [ed25519, ecdsa]
locale: false
apt_preserve_sources_list: true
growpart: {mode: "off"}
resize_rootfs: false
"""
# In a container systemd passes over the disks in fstab, because there is no udev to announce them.
_MOUNT_VOLUMES = """\
[Unit]
Description=Mount the volumes of /etc/fstab
DefaultDependencies=no
After=local-fs-pre.target systemd-remount-fs.service
Before=local-fs.target
ConditionPathExists=/etc/fstab

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/mount --all
"""
# The clock is the machine's: chrony watches it and never sets it.
_CHRONY_OPTIONS = 'DAEMON_OPTS="-x -F 1"\n'
_CHRONY_UNIT = "[Unit]\nConditionCapability=\n"


@dataclass(frozen=True)
class FirstBoot:
    """What the cloud gives a server at its creation; `seed` is the config drive as (path, content)."""

    user: str
    public_key: str | None
    with_user_data: bool
    mirror_address: str | None
    seed: Iterable[tuple[str, str | bytes]]


def inject(guest: Guest, vifs: Iterable[Mapping[str, Any]], first_boot: FirstBoot) -> None:
    """Fill in everything for a first boot; the root is mounted and the guest is off."""
    root, who = guest.root, guest.identity
    hosts = ["127.0.0.1 localhost", f"127.0.1.1 {who.hostname}", "::1 localhost ip6-localhost ip6-loopback"]
    if first_boot.mirror_address:
        hosts.append(f"{first_boot.mirror_address} {SHARED}")
    write(root / "etc/hosts", "\n".join(hosts) + "\n")
    write(root / "etc/hostname", f"{who.hostname}\n")
    write(root / "etc/machine-id", who.uuid.replace("-", "") + "\n", 0o444)
    _host_keys(root, who.hostname)
    if (root / "usr/sbin/chronyd").exists():
        write(root / "etc/default/chrony", _CHRONY_OPTIONS)
        write(root / "etc/systemd/system/chrony.service.d/container.conf", _CHRONY_UNIT)
    unit = root / "etc/systemd/system/govcloud-volumes.service"
    write(unit, _MOUNT_VOLUMES)
    wanted = unit.parent / "local-fs.target.wants" / unit.name
    wanted.parent.mkdir(parents=True, exist_ok=True)
    wanted.unlink(missing_ok=True)
    wanted.symlink_to(f"../{unit.name}")
    if first_boot.public_key:
        _authorise(root, first_boot.user, first_boot.public_key)
    configure_network(guest, vifs)
    _seed(root, first_boot)


def configure_network(guest: Guest, vifs: Iterable[Mapping[str, Any]]) -> None:
    """Write the network files of exactly these ports."""
    ports = list(vifs)
    for old in (guest.root / NETWORK).glob("10-port-*.network"):
        old.unlink()
    for number, vif in enumerate(ports):
        add_port(guest, vif, first=number == 0)
    resolvers = networkd.nameservers(ports)
    write(guest.root / "etc/resolv.conf", "".join(f"nameserver {address}\n" for address in resolvers))


def add_port(guest: Guest, vif: Mapping[str, Any], *, first: bool) -> None:
    """Write the network file of one port."""
    write(guest.root / NETWORK / networkd.file_name(vif["id"]), networkd.render(vif, first=first))


def remove_port(guest: Guest, vif: Mapping[str, Any]) -> None:
    """Remove the network file of one port."""
    (guest.root / NETWORK / networkd.file_name(vif["id"])).unlink(missing_ok=True)


def _host_keys(root: Path, hostname: str) -> None:
    if not (root / "etc/ssh").is_dir():
        return
    for kind in ("ed25519", "ecdsa"):
        key = root / f"etc/ssh/ssh_host_{kind}_key"
        if not key.exists():
            run("ssh-keygen", "-q", "-t", kind, "-N", "", "-C", f"root@{hostname}", "-f", str(key))


def _authorise(root: Path, user: str, public_key: str) -> None:
    for line in (root / "etc/passwd").read_text().splitlines():
        name, _, uid, gid, _, home, _ = line.split(":")
        if name != user:
            continue
        directory = root / home.lstrip("/") / ".ssh"
        write(directory / "authorized_keys", public_key.strip() + "\n", 0o600)
        directory.chmod(0o700)
        for path in (directory, directory / "authorized_keys"):
            os.chown(path, int(uid), int(gid), follow_symlinks=False)


def _seed(root: Path, first_boot: FirstBoot) -> None:
    if not (root / "etc/cloud").is_dir():
        return
    shutil.rmtree(root / SEED, ignore_errors=True)
    (root / SEED).mkdir(parents=True, mode=0o700)
    for name, content in first_boot.seed:
        file = root / SEED / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
    write(root / "etc/cloud/cloud.cfg.d/99-govcloud.cfg", _CLOUD_INIT)
    disabled = root / "etc/cloud/cloud-init.disabled"
    if first_boot.with_user_data:
        disabled.unlink(missing_ok=True)
    else:
        write(disabled, "")
