"""Each control of the base, offline: recorded output that must pass, and one change of it that must fail."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from compliance.controls import test_base as controls
from compliance.observations import CouldNotObserve, accounts, clock, journal, packages, ssh_server
from compliance.observations.accounts import Account

SSHD = """port 22
permitrootlogin no
maxauthtries 4
clientaliveinterval 300
clientalivecountmax 2
passwordauthentication no
allowtcpforwarding no
"""
KNOCK = "root@127.0.0.1: Permission denied (publickey).\n"
HEADERS = """File path: /var/log/journal/0f/system.journal
File ID: a1
State: ONLINE
Compatible flags: KEYED-HASH

File path: /run/log/journal/0f/system.journal
File ID: a2
State: OFFLINE
"""
JOURNALD = """# /etc/systemd/journald.conf
[Journal]
#Storage=auto
# /etc/systemd/journald.conf.d/50.conf
[Journal]
Storage=persistent
SystemMaxUse=100M
# /etc/systemd/journald.conf.d/90.conf
SystemMaxUse=200M
MaxRetentionSec=200day
"""
CHRONY = "# /etc/chrony/chrony.conf\ndriftfile /var/lib/chrony/chrony.drift\nrtcsync\n"
SOURCES = "^,*,10.20.0.2,9,6,377,41,0.000004210,0.000004520,0.000187\n"
NAMES = "10.20.0.2       STREAM time.city.internal\n10.20.0.2       DGRAM  \n"
CLOCK = {
    "there": "100.5\n",
    "zone": "Asia/Shanghai\n",
    "service": "active\n",
    "config": CHRONY,
    "sources": SOURCES,
    "names": NAMES,
}
USERS = """root:x:0:0:root:/root:/bin/bash
debian:x:1000:1000::/home/debian:/bin/bash
auditor:x:1001:1001:,,,:/home/auditor:/bin/bash
"""
KINDS = "root:locked\ndebian:locked\nauditor:locked\n"
GROUP = "root:x:0:\nsudo:x:27:\nsystemd-journal:x:999:auditor\ndebian:x:1000:\nauditor:x:1001:\n"
SITES = "".join(
    f"'http://mirror.city.internal/{part}/InRelease' mirror_{number}_InRelease 0 \n"
    for number, part in enumerate(("debian/dists/bookworm", "debian-security/dists/bookworm-security"))
)

Judge = Callable[[], None]


def _sshd(old: str = "", new: str = "", knock: str = KNOCK) -> ssh_server.SshServer:
    return ssh_server.parse(SSHD.replace(old, new) if old else SSHD, knock)


def _journal(old: str = "", new: str = "", headers: str = HEADERS) -> journal.Journal:
    return journal.parse(headers, JOURNALD.replace(old, new) if old else JOURNALD)


def _clock(**changed: str) -> clock.Clock:
    return clock.parse((100.0, 101.0), {**CLOCK, **changed})


def _accounts(passwd: str = USERS, kinds: str = KINDS, groups: str = GROUP) -> dict[str, Account]:
    return accounts.parse(passwd, kinds, groups)


RULING = GROUP.replace("sudo:x:27:", "sudo:x:27:auditor")
BLIND = GROUP.replace("999:auditor", "999:")
SECOND_ROOT = (USERS + "toor:x:0:0::/root:/bin/bash\n", KINDS + "toor:locked\n")
CASES: dict[str, tuple[Judge, list[Judge]]] = {
    "test_root_does_not_sign_in_over_ssh": (
        lambda: controls.test_root_does_not_sign_in_over_ssh(_sshd()),
        [lambda: controls.test_root_does_not_sign_in_over_ssh(_sshd("rootlogin no", "rootlogin prohibit-password"))],
    ),
    "test_a_key_is_the_only_way_in": (
        lambda: controls.test_a_key_is_the_only_way_in(_sshd()),
        [lambda: controls.test_a_key_is_the_only_way_in(_sshd(knock=KNOCK.replace("key)", "key,password)")))],
    ),
    "test_attempts_are_few": (
        lambda: controls.test_attempts_are_few(_sshd()),
        [lambda: controls.test_attempts_are_few(_sshd("maxauthtries 4", "maxauthtries 6"))],
    ),
    "test_a_session_that_went_silent_ends": (
        lambda: controls.test_a_session_that_went_silent_ends(_sshd()),
        [
            lambda: controls.test_a_session_that_went_silent_ends(_sshd("interval 300", "interval 0")),
            lambda: controls.test_a_session_that_went_silent_ends(_sshd("countmax 2", "countmax 20")),
        ],
    ),
    "test_only_a_bastion_passes_connections_on": (
        lambda: controls.test_only_a_bastion_passes_connections_on(
            _sshd("forwarding no", "forwarding local"), "bastion"
        ),
        [
            lambda: controls.test_only_a_bastion_passes_connections_on(
                _sshd("forwarding no", "forwarding local"), "web"
            ),
            lambda: controls.test_only_a_bastion_passes_connections_on(
                _sshd("forwarding no", "forwarding yes"), "bastion"
            ),
        ],
    ),
    "test_the_journal_outlives_a_reboot": (
        lambda: controls.test_the_journal_outlives_a_reboot(_journal()),
        [lambda: controls.test_the_journal_outlives_a_reboot(_journal(headers=HEADERS.replace("/var/", "/run/")))],
    ),
    "test_the_journal_is_bounded": (
        lambda: controls.test_the_journal_is_bounded(_journal()),
        [lambda: controls.test_the_journal_is_bounded(_journal("SystemMaxUse", "RuntimeMaxUse"))],
    ),
    "test_the_journal_keeps_what_the_law_asks_for": (
        lambda: controls.test_the_journal_keeps_what_the_law_asks_for(_journal()),
        [lambda: controls.test_the_journal_keeps_what_the_law_asks_for(_journal("200day", "1week"))],
    ),
    "test_the_clock_tells_the_citys_time": (
        lambda: controls.test_the_clock_tells_the_citys_time(_clock()),
        [lambda: controls.test_the_clock_tells_the_citys_time(_clock(zone="Etc/UTC\n"))],
    ),
    "test_the_clock_agrees_with_the_assessors": (
        lambda: controls.test_the_clock_agrees_with_the_assessors(_clock()),
        [
            lambda: controls.test_the_clock_agrees_with_the_assessors(_clock(there="98.5\n")),
            lambda: controls.test_the_clock_agrees_with_the_assessors(_clock(there="102.5\n")),
        ],
    ),
    "test_the_time_service_runs": (
        lambda: controls.test_the_time_service_runs(_clock()),
        [lambda: controls.test_the_time_service_runs(_clock(service="inactive\n"))],
    ),
    "test_the_clock_follows_the_citys_time_servers": (
        lambda: controls.test_the_clock_follows_the_citys_time_servers(_clock()),
        [
            lambda: controls.test_the_clock_follows_the_citys_time_servers(_clock(sources="")),
            lambda: controls.test_the_clock_follows_the_citys_time_servers(_clock(sources=SOURCES.replace("*", "?"))),
            lambda: controls.test_the_clock_follows_the_citys_time_servers(
                _clock(sources=SOURCES + SOURCES.replace("*", "-").replace("10.20.0.2", "192.0.2.9"))
            ),
            lambda: controls.test_the_clock_follows_the_citys_time_servers(_clock(names="")),
        ],
    ),
    "test_the_clock_is_never_stepped": (
        lambda: controls.test_the_clock_is_never_stepped(_clock()),
        [lambda: controls.test_the_clock_is_never_stepped(_clock(config=CHRONY + "makestep 1 3\n"))],
    ),
    "test_only_root_is_root": (
        lambda: controls.test_only_root_is_root(_accounts()),
        [lambda: controls.test_only_root_is_root(_accounts(*SECOND_ROOT))],
    ),
    "test_no_account_opens_with_a_password": (
        lambda: controls.test_no_account_opens_with_a_password(_accounts()),
        [
            lambda: controls.test_no_account_opens_with_a_password(
                _accounts(kinds=KINDS.replace("debian:locked", "debian:password"))
            ),
            lambda: controls.test_no_account_opens_with_a_password(
                _accounts(kinds=KINDS.replace("debian:locked", "debian:none"))
            ),
        ],
    ),
    "test_the_auditor_reads_and_does_not_rule": (
        lambda: controls.test_the_auditor_reads_and_does_not_rule(_accounts()),
        [
            lambda: controls.test_the_auditor_reads_and_does_not_rule(_accounts(groups=RULING)),
            lambda: controls.test_the_auditor_reads_and_does_not_rule(_accounts(groups=BLIND)),
        ],
    ),
    "test_packages_come_from_the_city_only": (
        lambda: controls.test_packages_come_from_the_city_only(packages.parse(SITES)),
        [
            lambda: controls.test_packages_come_from_the_city_only(
                packages.parse(SITES + "'http://deb.example.org/debian/dists/bookworm/InRelease' deb_InRelease 0 \n")
            )
        ],
    ),
}


def test_every_control_is_tried_here() -> None:
    assert set(CASES) == {name for name in vars(controls) if name.startswith("test_")}


@pytest.mark.parametrize("name", CASES)
def test_a_control_passes_what_is_right(name: str) -> None:
    CASES[name][0]()


@pytest.mark.parametrize("name", CASES)
def test_a_control_fails_what_is_wrong_and_says_why(name: str) -> None:
    for wrong in CASES[name][1]:
        with pytest.raises(AssertionError) as failed:
            wrong()
        assert str(failed.value)


@pytest.mark.parametrize(
    "look",
    [
        lambda: ssh_server.parse(SSHD, "ssh: connect to host 127.0.0.1 port 22: Connection refused"),
        lambda: journal.parse(HEADERS, "MaxRetentionSec=forever\n"),
        lambda: _clock(there="date: not found"),
        lambda: accounts.parse(USERS + "ghost:x:7:7::/:/bin/sh\n", KINDS, GROUP),
        lambda: packages.parse(""),
    ],
)
def test_what_could_not_be_seen_is_no_verdict(look: Callable[[], object]) -> None:
    with pytest.raises(CouldNotObserve):
        look()
