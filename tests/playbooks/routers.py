"""Hosts in network namespaces, and routers that run Debian's own FRR and WireGuard: the uplink without a city.

Every host is one process's namespaces: when that process ends, nothing of it is left on the machine. A router has a
root file system of its own, a layer over one that is built once; its daemons are started as their units do it.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from govcloud.core import cache
from lab import debian

PACKAGES = ("frr", "frr-pythontools", "iproute2", "nftables", "procps", "wireguard-go", "wireguard-tools")
ENTER = ("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child=KILL", "--propagation", "private")
PLAIN = "ip link set lo up; echo ready; exec sleep infinity"
# $1 the shared root, $2 this router's folder: `layer` is mounted here, `settings` is what the role wrote.
ROUTER = """
set -e
mount -t tmpfs tmpfs "$2/layer"
mkdir "$2/layer/upper" "$2/layer/work" "$2/layer/root"
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/layer/upper,workdir=$2/layer/work" "$2/layer/root"
mount -t proc proc "$2/layer/root/proc"
mount --rbind /dev "$2/layer/root/dev"
mount -t tmpfs tmpfs "$2/layer/root/run"
cp -r "$2/settings/." "$2/layer/root/"
chroot "$2/layer/root" install -d -o frr -g frr /run/frr
ip link set lo up
echo ready
exec sleep infinity
"""
START = """
set -e
[ ! -e /etc/nftables.conf ] || nft -f /etc/nftables.conf
WG_QUICK_USERSPACE_IMPLEMENTATION=wireguard-go wg-quick up province
/usr/lib/frr/frrinit.sh start
"""
LISTENER = """
import socket, sys, threading
for port in map(int, sys.argv[1:]):
    one = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
    def serve(one=one):
        while True:
            connection, _ = one.accept()
            connection.sendall(b"canary" * 10)
            connection.close()
    threading.Thread(target=serve).start()
print("ready", flush=True)
"""
PROBE = """
import socket, sys
source, target, port = sys.argv[1:]
try:
    with socket.create_connection((target, int(port)), 2, (source, 0)) as one:
        print("open" if one.recv(6) == b"canary" else "strange")
except TimeoutError:
    print("dropped")
except ConnectionRefusedError:
    print("refused")
except OSError as error:
    # A filter of one's own says so at once.
    print("unreachable" if error.errno in (101, 113) else "dropped" if error.errno == 1 else error)
"""

SNIFFER = """
import socket, sys, time
seen = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
seen.bind((sys.argv[1], 0))
seen.settimeout(0.2)
print("ready", flush=True)
until, packets, readable = time.monotonic() + 4, 0, 0
while time.monotonic() < until:
    try:
        packet = seen.recv(65535)
    except TimeoutError:
        continue
    packets, readable = packets + 1, readable + (b"canary" in packet)
print(packets, readable)
"""


def routers_root() -> Path:
    """Return the root file system of a router, building it when it is not in the cache."""

    def build(target: Path) -> None:
        target.chmod(0o755)
        command = ["unshare", "--mount", "--propagation", "private", *debian.bootstrap_command(target, PACKAGES)]
        sources = "\n".join(debian.sources()) + "\n"
        subprocess.run(["nice", *command], input=sources, capture_output=True, text=True, check=True)

    return cache.ensure("routers", cache.digest(*PACKAGES, *debian.sources()), build)


@dataclass(frozen=True)
class Host:
    """One host; `root` is where its own file system is seen from inside, if it has one."""

    pid: int
    stack: ExitStack
    root: Path | None = None

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command on the host."""
        return subprocess.run(
            self._inside(*command), capture_output=True, text=True, check=check, timeout=60, stdin=subprocess.DEVNULL
        )

    def shell(self, script: str) -> str:
        """Run lines of shell on the host and return what they say."""
        done = self.run("/bin/sh", "-euc", script, check=False)
        assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
        return done.stdout

    def listen(self, *ports: int) -> None:
        """Answer on every address at these ports, for as long as the host is there."""
        started(self.stack, [*self._net(), sys.executable, "-c", LISTENER, *map(str, ports)])

    def probe(self, source: str, target: str, port: int) -> str:
        """Return what becomes of a connection: open, dropped, refused or unreachable."""
        command = [*self._net(), sys.executable, "-c", PROBE, source, target, str(port)]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout.strip()

    def sniff(self, stack: ExitStack, link: str) -> subprocess.Popen[str]:
        """Look at a link for some seconds; then it says how many packets passed, and how many showed what was sent."""
        return started(stack, [*self._net(), sys.executable, "-c", SNIFFER, link])

    def _net(self) -> list[str]:
        return ["nsenter", f"--net=/proc/{self.pid}/ns/net"]

    def _inside(self, *command: str) -> list[str]:
        enter = [*self._net(), f"--mount=/proc/{self.pid}/ns/mnt", f"--pid=/proc/{self.pid}/ns/pid_for_children"]
        return [*enter, *(("chroot", str(self.root)) if self.root else ()), *command]


def started(stack: ExitStack, command: list[str]) -> subprocess.Popen[str]:
    """Start what says `ready` on its first line, and end it with the stack."""
    process = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
    stack.callback(process.kill)
    assert process.stdout
    assert process.stdout.readline() == "ready\n", command
    return process


def host(stack: ExitStack) -> Host:
    """Make a host without a file system of its own."""
    return Host(started(stack, [*ENTER, "sh", "-c", PLAIN]).pid, stack)


def router(stack: ExitStack, folder: Path, settings: dict[str, str] | None = None) -> Host:
    """Make a router out of the settings below `folder`/settings; it stands still until `start`."""
    for name, text in (settings or {}).items():
        file = folder / "settings" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    (folder / "layer").mkdir()
    process = started(stack, [*ENTER, "sh", "-c", ROUTER, "sh", str(routers_root()), str(folder)])
    return Host(process.pid, stack, folder / "layer" / "root")


def link(one: Host, one_name: str, other: Host, other_name: str) -> None:
    """Join two hosts by a cable."""
    command = ["ip", "link", "add", one_name, "netns", str(one.pid), "type", "veth"]
    subprocess.run([*command, "peer", "name", other_name, "netns", str(other.pid)], check=True)
    for end, name in ((one, one_name), (other, other_name)):
        end.shell(f"ip link set {name} up")


def keys(count: int) -> list[tuple[str, str]]:
    """Return pairs of private and public keys."""
    wg = ["chroot", str(routers_root()), "wg"]
    made = []
    for _ in range(count):
        private = subprocess.run([*wg, "genkey"], capture_output=True, text=True, check=True).stdout.strip()
        public = subprocess.run([*wg, "pubkey"], input=private, capture_output=True, text=True, check=True).stdout
        made.append((private, public.strip()))
    return made
