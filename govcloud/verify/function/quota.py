"""A department gets no more than its quota: one request that exceeds it as a whole has to be refused.

The request is larger than the limit, not than what is left of it: whatever others remove meanwhile, it does not fit.
Where there is no limit nothing is asked for, because it would be granted.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from openstack.exceptions import HttpException

from govcloud.core.language import mark
from govcloud.verify.function import sweep
from govcloud.verify.function.offer import has
from govcloud.verify.function.scenario import Part, Scenario
from govcloud.verify.function.steps import CouldNotLook, Finding, NotApplicable, Said

_OVER_QUOTA = frozenset({403, 413})
# If such a request were granted after all, as many servers would be made.
_MOST_SERVERS = 100


@dataclass
class QuotaScenario(Scenario):
    """Too many servers, too large a volume."""

    name: ClassVar[str] = "quota"
    chained: ClassVar[bool] = False
    steps: ClassVar[tuple[str, ...]] = ("servers", "volume")

    def parts(self) -> Sequence[Part]:
        """Return what to do."""
        return (self._servers, self._volume)

    def clean(self) -> None:
        """Take away what was granted though it should not have been."""
        sweep.sweep(self.cloud, self.context.marker, self.context.marker.prefix(self.name), ("server", "volume"))

    def _servers(self) -> Said:
        offer = self.offer
        limits = self.cloud.compute.get_limits().absolute
        per_server = (
            (limits.instances, 1),
            (limits.total_cores, offer.flavor.vcpus),
            (limits.total_ram, offer.flavor.ram),
        )
        wanted = [limit // max(each, 1) + 1 for limit, each in per_server if limit >= 0]
        if not wanted:
            raise Finding(mark("the project has no limit to its servers"))
        number = max(min(wanted), 2)
        if number > _MOST_SERVERS:
            raise _TooFar(mark("{number} servers would have to be asked for; that is not done"), number=number)
        marker = self.context.marker
        return self._refused(
            lambda: self.cloud.compute.create_server(
                name=marker.name(self.name, "beyond"),
                image_id=offer.image.id,
                flavor_id=offer.flavor.id,
                networks="none",
                metadata=marker.metadata,
                user_data=base64.b64encode(b"#!/bin/sh\n").decode(),
                min_count=number,
                max_count=number,
            ),
            Said(mark("{number} servers at once"), {"number": number}),
        )

    def _volume(self) -> Said:
        if not has(self.cloud, "block-storage"):
            raise NotApplicable(mark("the cloud has no service {service}"), service="block-storage")
        limit = self.cloud.block_storage.get_limits().absolute.max_total_volume_gigabytes
        if limit < 0:
            raise Finding(mark("the project has no limit to its volumes"))
        marker = self.context.marker
        return self._refused(
            lambda: self.cloud.block_storage.create_volume(
                name=marker.name(self.name, "beyond"),
                size=limit + 1,
                metadata=marker.metadata,
                description=marker.text,
            ),
            Said(mark("a volume of {size} GiB"), {"size": limit + 1}),
        )

    @staticmethod
    def _refused(ask: Any, what: Said) -> Said:
        """Ask for too much; return how it was refused."""
        try:
            ask()
        except HttpException as error:
            text = " ".join(str(error).split())
            if error.status_code in _OVER_QUOTA and any(word in text.lower() for word in ("quota", "exceed", "limit")):
                return Said(mark("{what}: refused with {status}"), {"what": what, "status": error.status_code})
            raise
        raise Finding(mark("{what}: granted beyond the quota"), what=what)


class _TooFar(CouldNotLook):
    """Not an attempt that failed: none is made."""

    looked = False
