"""An image's life: tried, followed by the next version, retired when nobody stands on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openstack.connection
import pytest

from lab.images import lifecycle, publish
from tests.conftest import City
from tests.sampling import OF_THE_LONG

pytestmark = pytest.mark.lab

NAME = "lifecycle-of-an-image"


@pytest.fixture
def two_versions(cloud: openstack.connection.Connection, tmp_path: Path) -> Iterator[list[str]]:
    """Publish two versions of a tiny image; return their ids, the older first."""
    made = []
    for text in ("first", "second"):
        file = tmp_path / text
        file.write_text(text)
        made.append(publish.publish_file(cloud, NAME, file, {"disk_format": "raw"}, {"os_distro": "debian"}))
    yield made
    images: Any = cloud.image
    for one in lifecycle.versions(cloud, NAME):
        images.delete_image(one.id)


def test_the_next_version_hides_the_one_before_and_both_stay(
    city: City, cloud: openstack.connection.Connection, two_versions: list[str]
) -> None:
    first, second = two_versions
    found = {one.id: (one.hidden, one.status) for one in lifecycle.versions(cloud, NAME)}
    assert found == {second: (False, "active"), first: (True, "active")}
    retired = city.run(["govcloud", "image", "retire", NAME, first], check=True).stderr
    assert f"{first}: deactivated, hidden" in retired
    shown = city.run(["govcloud", "image", "show", NAME], check=True).stdout
    assert f"{first} deactivated, hidden, 0 servers" in shown
    assert city.run(["govcloud", "image", "retire", NAME, "nothing"]).returncode == 2


def test_an_image_that_servers_stand_on_is_not_retired(city: City, cloud: openstack.connection.Connection) -> None:
    used = next(one for one in lifecycle.versions(cloud, "debian-12-hardened") if one.servers)
    refused = city.run(["govcloud", "image", "retire", "debian-12-hardened", used.id])
    assert refused.returncode == 4
    assert "servers stand on it" in refused.stderr
    assert used in lifecycle.versions(cloud, "debian-12-hardened")


@OF_THE_LONG
def test_a_hardened_image_is_as_it_has_to_be(city: City) -> None:
    tried = city.run(["govcloud", "image", "test", "debian-12-hardened"])
    assert tried.returncode == 0, tried.stderr


# Once more, to see it fail: `make test-all`.
@pytest.mark.sample(0)
def test_an_image_that_is_not_hardened_is_told(city: City, cloud: openstack.connection.Connection) -> None:
    plain = cloud.image.find_image("debian-12", ignore_missing=False).id
    tried = city.run(["govcloud", "image", "test", "debian-12-hardened", "--version", plain])
    assert tried.returncode == 1, tried.stderr
    assert "not so: " in tried.stderr
    assert [one for one in cloud.network.networks() if str(one.name).startswith("trial-")] == []
