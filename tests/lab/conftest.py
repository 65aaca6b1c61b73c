"""What several modules of the lab's tests stand on."""

from tests.lab.guest_site import site
from tests.lab.neighbour import checkout, neighbour

__all__ = ["checkout", "neighbour", "site"]
