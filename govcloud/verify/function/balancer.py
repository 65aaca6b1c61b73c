"""A load balancer in front of two servers, one of which is lost: the address goes on answering.

A third server asks it all the time and counts who answers, so that nothing has to be reached from outside.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, ClassVar

from govcloud.core.language import mark
from govcloud.verify.function import ground, sweep
from govcloud.verify.function.guest import Guest, Yard
from govcloud.verify.function.scenario import Part, Scenario
from govcloud.verify.function.steps import CouldNotLook, Finding, Said, wait

_NAMES = ("one", "two")
_READY_SECONDS = 300
_ANSWER_SECONDS = 90
# How many answers in a row, none of them failed, count as "answers again".
_STEADY = 10


@dataclass
class BalancerScenario(Scenario):
    """Two servers behind an address, and one before it."""

    name: ClassVar[str] = "balancer"
    needs: ClassVar[tuple[str, ...]] = ("compute", "network", "image", "load-balancer")
    steps: ClassVar[tuple[str, ...]] = ("create", "servers", "members", "answers", "back end killed", "delete")

    _held: ExitStack = field(default_factory=ExitStack)
    _ground: ground.Ground | None = None
    _balancer: str = ""
    _behind: dict[str, Guest] = field(default_factory=dict)
    _client: Guest | None = None

    def parts(self) -> Sequence[Part]:
        """Return what to do."""
        return (self._create, self._servers, self._members, self._answers, self._kill, self._delete)

    def clean(self) -> None:
        """Take everything away and give the room back."""
        with self._held:
            kinds = ("load_balancer", "router", *sweep.OF_SERVERS)
            sweep.sweep(self.cloud, self.context.marker, self.context.marker.prefix(self.name), kinds)

    def _create(self) -> Said:
        marker = self.context.marker
        self._held.enter_context(self.context.room.taken(len(_NAMES) + 1))
        self._ground = ground.make(self.cloud, marker, self.name)
        front = ground.in_front(self.cloud, marker, self.name, self._ground)
        provider = self._provider()
        named = {"provider": provider} if provider else {}
        made = self.cloud.load_balancer.create_load_balancer(
            name=marker.name(self.name, "address"),
            description=marker.text,
            vip_subnet_id=self._ground.subnet,
            **named,
        )
        self._balancer = made.id
        # The servers start while the balancer does.
        yard = Yard(self.cloud, marker, self.offer, self.name)
        for name in _NAMES:
            served = {"name": name, "address": "0.0.0.0", "port": ground.PORT}  # noqa: S104 - inside the test's own network
            self._behind[name] = yard.start(f"behind-{name}", self._ground, serve=served)
        asked = {"address": made.vip_address, "port": ground.PORT}
        self._client = yard.start("client", front, ask=asked)
        self._ready()
        return Said(mark("provider {provider}"), {"provider": provider or "default"})

    def _provider(self) -> str:
        """Choose OVN's where there is one, as the stacks do: it costs no server; else the cloud's own default."""
        names = {one.name for one in self.cloud.load_balancer.providers()}
        return "ovn" if "ovn" in names else ""

    def _servers(self) -> None:
        guests = (*self._behind.values(), self.client)
        for guest in guests:
            guest.becomes("ACTIVE")
        for guest in guests:
            guest.tells(mark("the server tells of its first boot"), lambda state: state["beats"] > 0)

    def _members(self) -> None:
        api, name = self.cloud.load_balancer, self.context.marker.name(self.name, "address")
        if self._ground is None:
            raise CouldNotLook(mark("there is no network"))
        listener = api.create_listener(
            name=name, load_balancer_id=self._balancer, protocol="TCP", protocol_port=ground.PORT
        )
        self._ready()
        algorithm = "SOURCE_IP_PORT" if self._provider() else "ROUND_ROBIN"
        pool = api.create_pool(name=name, listener_id=listener.id, protocol="TCP", lb_algorithm=algorithm)
        self._ready()
        for key, guest in self._behind.items():
            api.create_member(
                pool.id,
                name=key,
                address=guest.address(),
                protocol_port=ground.PORT,
                subnet_id=self._ground.subnet,
            )
            self._ready()
        api.create_health_monitor(name=name, pool_id=pool.id, type="TCP", delay=3, timeout=2, max_retries=2)
        self._ready()

    def _answers(self) -> None:
        try:
            self.client.tells(
                mark("both servers answer behind the address"),
                lambda state: all(state["asked"]["by"].get(name) for name in _NAMES),
                _ANSWER_SECONDS,
            )
        except Finding:
            counted = self.client.tells(mark("the server tells that it runs"), lambda _: True)["asked"]["by"]
            who = ", ".join(sorted(counted)) or "-"
            raise Finding(mark("behind the address answered: {who}; there are two servers"), who=who) from None

    def _kill(self) -> Said:
        """Lose a server and wait for answers in a row, all of them from the other."""
        before = self._asked(lambda _: True)
        self._behind.pop(_NAMES[0]).remove()
        after = self._asked(lambda _: True)

        def steady(now: dict[str, Any]) -> bool:
            nonlocal after
            lost = now["failed"] > after["failed"] or now["by"].get(_NAMES[0]) != after["by"].get(_NAMES[0])
            if lost:
                after = now
            return bool(now["by"].get(_NAMES[1], 0) - after["by"].get(_NAMES[1], 0) >= _STEADY)

        now = self._asked(steady)
        lost = now["failed"] - before["failed"]
        return Said(mark("{lost} of {total} requests lost"), {"lost": lost, "total": now["total"] - before["total"]})

    def _asked(self, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        what = mark("the address answers again from the server that is left")
        state = self.client.tells(what, lambda state: holds(state["asked"]), _ANSWER_SECONDS)
        return dict(state["asked"])

    @property
    def client(self) -> Guest:
        """The server that asks."""
        if self._client is None:
            raise CouldNotLook(mark("there is no server"))
        return self._client

    def _delete(self) -> None:
        api = self.cloud.load_balancer
        api.delete_load_balancer(self._balancer, cascade=True)

        def gone() -> bool:
            found = api.find_load_balancer(self._balancer)
            return found is None or found.provisioning_status == "DELETED"

        wait(mark("the balancer is gone"), gone, _READY_SECONDS)

    def _ready(self) -> None:
        def reached() -> bool:
            status = self.cloud.load_balancer.get_load_balancer(self._balancer).provisioning_status
            if status == "ERROR":
                raise Finding(mark("the balancer is in ERROR"))
            return bool(status == "ACTIVE")

        wait(mark("the balancer is ready"), reached, _READY_SECONDS)
