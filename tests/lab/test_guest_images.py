"""The guests' images as data: what they hold, what they say of themselves, when they are built anew."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from govcloud.core.errors import GovcloudError
from lab.images import build, catalogue, machine

# Required or recommended by scs-0102 of every public image.
WANTED = {
    "architecture",
    "hw_disk_bus",
    "hw_rng_model",
    "os_distro",
    "os_version",
    "os_purpose",
    "replace_frequency",
    "image_build_date",
    "image_original_user",
    "image_source",
    "image_description",
    "hotfix_hours",
    "provided_until",
    "uuid_validity",
}


@pytest.mark.parametrize("name", catalogue.NAMES)
def test_properties_are_complete_strings(name: str) -> None:
    properties = catalogue.properties(name, date(2026, 11, 1))
    assert properties.keys() >= WANTED
    assert all(isinstance(value, str) for value in properties.values())
    assert properties["image_build_date"] == "2026-11-01"
    assert properties["govcloud_boot"] == "nspawn"


def test_a_machine_asks_for_qemu_as_the_standard_does() -> None:
    properties = catalogue.properties(catalogue.MACHINE, date(2026, 11, 1))
    assert properties.keys() >= WANTED
    assert properties["hypervisor_type"] == "qemu"
    assert "govcloud_boot" not in properties


def test_a_machine_has_what_every_guest_has_and_a_kernel() -> None:
    assert set(machine.packages()) > set(build.packages())
    assert any(name.startswith("linux-image-") for name in machine.packages())


def test_no_image_of_another_name() -> None:
    with pytest.raises(GovcloudError, match="debian-13"):
        build.ensure("debian-13")


def test_no_package_serves_one_system_only() -> None:
    packages = build.packages()
    assert packages == sorted(packages)
    assert {"openssh-server", "python3", "sudo", "nftables", "chrony", "cloud-init"} <= set(packages)
    assert not {"postgresql", "nginx", "mariadb-server", "apache2"} & set(packages)


def test_a_changed_recipe_is_another_image(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before, of_machines = build.recipe_digest(), machine.recipe_digest()
    assert (build.recipe_digest(), machine.recipe_digest()) == (before, of_machines)
    shutil.copytree(build.HERE, tmp_path, dirs_exist_ok=True)
    monkeypatch.setattr(build, "HERE", tmp_path)
    assert (build.recipe_digest(), machine.recipe_digest()) == (before, of_machines)
    (tmp_path / "machine.sh").write_text("other\n")
    assert build.recipe_digest() == before
    assert machine.recipe_digest() != of_machines
    (tmp_path / "plain.sh").write_text("other\n")
    assert build.recipe_digest() != before


def test_guests_fetch_from_the_city_alone() -> None:
    sources = (build.HERE / "plain/etc/apt/sources.list.d/city.sources").read_text()
    addresses = [line.split()[1] for line in sources.splitlines() if line.startswith("URIs:")]
    assert addresses == ["http://mirror.city.internal/debian", "http://mirror.city.internal/debian-security"]


def test_layers_are_readable_whatever_the_umask_of_the_checkout_was(tmp_path: Path) -> None:
    layer, root = tmp_path / "layer", tmp_path / "root"
    (layer / "etc/new").mkdir(parents=True)
    (layer / "etc/new/file").write_text("x")
    (layer / "etc/new/file").chmod(0o600)
    (root / "etc").mkdir(parents=True, mode=0o711)
    build.overlay(layer, root)
    assert (root / "etc/new/file").stat().st_mode & 0o777 == 0o644
    assert (root / "etc/new").stat().st_mode & 0o777 == 0o755
    assert (root / "etc").stat().st_mode & 0o777 == 0o711
