"""The class that nova loads (`compute_driver = nspawn.driver.NspawnDriver`), and the watch over its guests."""

from __future__ import annotations

import threading

from nova.virt import event

from lab.drivers.nspawn.migrations import Migrations

INTERVAL_SECONDS = 2.0


class NspawnDriver(Migrations):
    """Runs servers as systemd-nspawn containers; see the modules it is made of."""

    def init_host(self, host: str) -> None:
        """Take the node over and watch its guests from now on."""
        super().init_host(host)
        threading.Thread(target=self._watch, name="guests", daemon=True).start()

    def _watch(self) -> None:
        """Tell nova of a guest that powered itself off, which it would otherwise notice minutes later."""
        running: set[str] = set()
        pause = threading.Event()
        while not pause.wait(INTERVAL_SECONDS):
            here = {guest.uuid: guest for guest in self.guests()}
            now = {uuid for uuid, guest in here.items() if guest.runner}
            for uuid in (running - now) & here.keys():
                if not (here[uuid].directory / "stop").exists():
                    self.emit_event(event.LifecycleEvent(uuid, event.EVENT_LIFECYCLE_STOPPED))
            running = now
