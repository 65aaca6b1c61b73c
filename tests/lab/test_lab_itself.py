"""The lab as a whole: what it holds of the machine, what its images say of themselves, what its services log."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from datetime import date
from pathlib import Path

import openstack.connection
import pytest

from govcloud.core.workspace import Workspace
from lab import namespace
from lab.images import catalogue
from tests.conftest import ROOT, City

pytestmark = pytest.mark.lab

# Of linux/capability.h.
FORBIDDEN = {"SYS_MODULE": 16, "SYS_RAWIO": 17, "SYS_TIME": 25, "MKNOD": 27, "SYSLOG": 34, "WAKE_ALARM": 35}
# Major and minor numbers that may be in its /dev: memory's harmless ones, terminals, tun, loop.
DEVICES = {(1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 2), (10, 200), (10, 237), *((7, n) for n in range(256))}


def test_no_process_of_it_can_ever_hold_what_reaches_past_it(city: City) -> None:
    """The first process keeps them for the others' sake no longer than its own start."""
    inner = namespace.holder(Workspace(city.root))
    assert inner is not None
    own, seen = Path(f"/proc/{inner.inner}/ns/pid").readlink(), 0
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "ns/pid").readlink() != own:
                continue
            name, bounding = (_line(entry, key) for key in ("Name", "CapBnd"))
        except OSError:
            continue
        seen += 1
        held = [one for one, number in FORBIDDEN.items() if int(bounding, 16) >> number & 1]
        assert held == [], f"{name} ({entry.name})"
    assert seen > 30, "these are not the lab's services"


def _line(process: Path, key: str) -> str:
    lines = (process / "status").read_text().splitlines()
    return next(line.partition(":")[2].strip() for line in lines if line.startswith(f"{key}:"))


def test_its_devices_are_nodes_of_its_own_and_few(city: City) -> None:
    inside = namespace.inside_path(Workspace(city.root), "/dev")
    nodes = [path for path in inside.rglob("*") if _is_device(path.lstat().st_mode)]
    assert len(nodes) > len(DEVICES) / 2
    others = {str(path.relative_to(inside)) for path in nodes if _numbers(path) not in DEVICES}
    assert not [name for name in others if not name.startswith("pts/")]
    assert inside.stat().st_dev != Path("/dev").stat().st_dev


def _is_device(mode: int) -> bool:
    return stat.S_ISCHR(mode) or stat.S_ISBLK(mode)


def _numbers(node: Path) -> tuple[int, int]:
    device = node.lstat().st_rdev
    return os.major(device), os.minor(device)


def test_what_compares_machines_sees_a_packet_filter(city: City) -> None:
    """Seen inside the lab, whose filter is not empty; outside of it nothing proves that the look can see."""
    holder = namespace.holder(Workspace(city.root))
    assert holder is not None
    program = "import json; from tests import machine; print(json.dumps(machine._packet_filter()))"
    command = ["nsenter", f"--net=/proc/{holder.inner}/ns/net", sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    seen = json.loads(done.stdout)
    assert all(seen[f"nftables {what}"] for what in (1, 4, 7)), seen


@pytest.mark.parametrize("name", catalogue.NAMES)
def test_a_published_image_says_of_itself_what_the_standard_asks(
    cloud: openstack.connection.Connection, name: str
) -> None:
    image = cloud.image.find_image(name, ignore_missing=False)
    assert image.visibility == "public"
    told = {**image.to_dict(), **image.properties}
    wanted = catalogue.properties(name, date.fromisoformat(told["image_build_date"]))
    assert {key: told.get(key) for key in wanted} == wanted


def test_the_newest_lines_of_a_service_are_printed(city: City) -> None:
    done = city.run(["govcloud", "lab", "logs", "neutron", "-n", "3"])
    assert done.returncode == 0, done.stderr
    newest = (city.root / ".lab" / "state" / "log" / "neutron.out.log").read_text(encoding="utf-8").splitlines()[-3:]
    assert newest
    assert "\n".join(newest) in done.stdout
    lines = [line for line in done.stdout.splitlines() if line and not line.startswith("==>")]
    assert len(lines) <= 6, "two files, three lines each"


def test_an_unknown_service_is_bad_input(city: City) -> None:
    done = city.run(["govcloud", "lab", "logs", "netron"])
    assert done.returncode == 2
    assert "netron: no service of that name. Fix: one of " in done.stderr
    assert "neutron" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_service_may_not_lead_out_of_the_logs(city: City) -> None:
    done = city.run(["govcloud", "lab", "logs", "../../secrets/*"])
    assert done.returncode == 2
    assert done.stdout == ""
