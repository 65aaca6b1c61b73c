"""A third checkout beside the tests' city, with a lab of its own: what the destructive proofs must leave as it is."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from govcloud.core.workspace import Workspace
from lab import catalogue
from tests.conftest import NEIGHBOUR, City, clean, copy_checkout, outside
from tests.lab.guest_site import wait_for

LAB_UP = (".venv/bin/govcloud", "lab", "up")
CONTENT = hashlib.shake_256(b"kept").digest(4 << 20)


@dataclass(frozen=True)
class Neighbour:
    """A running lab that holds a volume with data, as it was when it came up."""

    checkout: Path
    volume: Path
    digest: str
    services: frozenset[str]

    def is_as_it_was(self) -> None:
        """Fail when a service of it is down, or its volume is not what it was."""
        assert up(self.checkout) == self.services
        assert digest(self.volume) == self.digest
        ident = self.volume.name.removeprefix("volume-")
        assert catalogue.connect(Workspace(self.checkout)).block_storage.get_volume(ident).size == 1


@pytest.fixture(scope="session")
def checkout() -> Iterator[Path]:
    """Make the third checkout, ready for its commands."""
    copy_checkout(NEIGHBOUR)
    subprocess.run(["python3", "-m", "toolchain.bootstrap"], cwd=NEIGHBOUR, env=outside(), check=True)
    yield NEIGHBOUR
    if NEIGHBOUR.exists():
        clean(NEIGHBOUR)
        shutil.rmtree(NEIGHBOUR)


@pytest.fixture(scope="session")
def neighbour(city: City, checkout: Path) -> Neighbour:
    """Bring its lab up, beside the city's, with a volume that holds something."""
    assert city.root != checkout
    subprocess.run(LAB_UP, cwd=checkout, env=outside(), stdin=subprocess.DEVNULL, check=True)
    volume = _volume_with_data(Workspace(checkout))
    services = up(checkout)
    assert len(services) == len(status(checkout)["services"])
    return Neighbour(checkout, volume, digest(volume), frozenset(services))


def status(checkout: Path) -> dict[str, list[dict[str, object]]]:
    """Return the lab's status; one that is only beginning cannot tell yet."""
    command = [".venv/bin/govcloud", "lab", "status", "--json"]
    done = subprocess.run(command, cwd=checkout, env=outside(), capture_output=True, text=True, check=False)
    found: dict[str, list[dict[str, object]]] = json.loads(done.stdout) if done.returncode == 0 else {}
    return found


def up(checkout: Path) -> set[str]:
    """Return the services that are up."""
    return {str(one["name"]) for one in status(checkout).get("services", []) if one["up"]}


def digest(file: Path) -> str:
    """Return the SHA-256 of a file."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _volume_with_data(workspace: Workspace) -> Path:
    """Make a volume out of an image; return the file that it is."""
    cloud = catalogue.connect(workspace)
    image = cloud.image.create_image(name="kept", data=CONTENT, disk_format="raw", container_format="bare")
    made = cloud.block_storage.create_volume(size=1, image_id=image.id)
    wait_for("the volume", lambda: cloud.block_storage.get_volume(made.id).status == "available")
    file = workspace.lab / "state" / "cinder" / "volumes" / f"volume-{made.id}"
    with file.open("rb") as opened:
        assert opened.read(len(CONTENT)) == CONTENT
    return file
