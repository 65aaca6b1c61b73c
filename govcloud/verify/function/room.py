"""How many test servers fit into what is left of the quota, shared by scenarios that run side by side."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from govcloud.core.language import mark
from govcloud.verify.function.offer import Offer
from govcloud.verify.function.steps import CouldNotLook

_ENDLESS = 1 << 20
_LONGEST_SECONDS = 600


class Room:
    """What is free when the run begins; scenarios take of it and give it back."""

    def __init__(self, free: int) -> None:
        self.free = free
        self._left = free
        self._changed = threading.Condition()

    def has(self, servers: int) -> bool:
        """Tell whether so many fit once nobody else is there."""
        return servers <= self.free

    @contextmanager
    def taken(self, servers: int) -> Iterator[None]:
        """Hold so many; wait for those who will give theirs back."""
        if not self.has(servers):
            raise CouldNotLook(
                mark("the quota has room for {free} servers of the smallest flavor, {needed} are needed"),
                free=self.free,
                needed=servers,
            )
        with self._changed:
            if not self._changed.wait_for(lambda: self._left >= servers, _LONGEST_SECONDS):
                raise CouldNotLook(mark("the quota was taken by the other scenarios all the time"))
            self._left -= servers
        try:
            yield
        finally:
            with self._changed:
                self._left += servers
                self._changed.notify_all()


def look(cloud: Any, offer: Offer) -> Room:
    """Ask nova what the project has left."""
    limits = cloud.compute.get_limits().absolute
    free = [
        _left(limits.instances, limits.instances_used, 1),
        _left(limits.total_cores, limits.total_cores_used, offer.flavor.vcpus),
        _left(limits.total_ram, limits.total_ram_used, offer.flavor.ram),
    ]
    return Room(max(0, min(free)))


def _left(limit: int, used: int, each: int) -> int:
    return _ENDLESS if limit < 0 else (limit - used) // max(each, 1)
