"""What several modules of the lab's tests stand on."""

from tests.lab.guest_site import site

__all__ = ["site"]
