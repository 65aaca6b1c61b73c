"""What the tests of changes past the states share."""

from __future__ import annotations

from collections.abc import Iterator

import openstack.connection
import pytest

from govcloud.core.workspace import Workspace
from tests.conftest import City
from tests.deploy.hands import Hands


@pytest.fixture
def hands(city: City, cloud: openstack.connection.Connection) -> Iterator[Hands]:
    """Give the accesses and close those that were used."""
    made = Hands(Workspace(city.root), cloud)
    yield made
    for one in made.connections.values():
        one.close()
