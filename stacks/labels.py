"""The labels that every resource carries, in both shapes that OpenStack wants.

They are passed, not injected by a transform: mocks do not run transforms, and the two shapes differ by resource.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace


@dataclass(frozen=True, kw_only=True)
class Labels:
    """Whose a resource is, and where it belongs."""

    city: str
    unit: str
    system: str
    tier: str
    zone: str
    level: int
    owner: str
    xinchuang: bool

    def at(self, *, tier: str | None = None, zone: str | None = None, owner: str | None = None) -> Labels:
        """Return the same labels at another tier or zone, or of another owner."""
        return replace(self, tier=tier or self.tier, zone=zone or self.zone, owner=owner or self.owner)

    def as_metadata(self) -> dict[str, str]:
        """Return them as a mapping: servers, volumes, containers, secrets."""
        return {key: _text(value) for key, value in asdict(self).items()}

    def as_tags(self) -> list[str]:
        """Return them as a list: projects, networks and what belongs to them, load balancers."""
        return sorted(f"{key}={value}" for key, value in self.as_metadata().items())


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
