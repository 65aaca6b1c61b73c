"""What every server of the city must show, whatever it serves: judged by effect, not by the files that set it."""

from __future__ import annotations

from urllib.parse import urlsplit

from compliance.observations.accounts import Account
from compliance.observations.clock import Clock
from compliance.observations.journal import Journal
from compliance.observations.ssh_server import SshServer

MOST_ATTEMPTS = 5
LONGEST_IDLE_SECONDS = 900
FARTHEST_APART_SECONDS = 1.0
# The law on network security, article 21: not less than six months.
SHORTEST_KEEPING_DAYS = 180


def test_root_does_not_sign_in_over_ssh(ssh_server: SshServer) -> None:
    permitted = ssh_server.settings["permitrootlogin"]
    assert permitted == "no", f"PermitRootLogin is {permitted}"


def test_a_key_is_the_only_way_in(ssh_server: SshServer) -> None:
    ways = ", ".join(sorted(ssh_server.ways_in))
    assert ssh_server.ways_in == {"publickey"}, f"the running SSH server offers {ways}"


def test_attempts_are_few(ssh_server: SshServer) -> None:
    attempts = ssh_server.number("maxauthtries")
    assert attempts <= MOST_ATTEMPTS, f"MaxAuthTries is {attempts}, at most {MOST_ATTEMPTS} are allowed"


def test_a_session_that_went_silent_ends(ssh_server: SshServer) -> None:
    idle = ssh_server.number("clientaliveinterval") * ssh_server.number("clientalivecountmax")
    assert 0 < idle <= LONGEST_IDLE_SECONDS, f"ends after {idle} s (0: never), {LONGEST_IDLE_SECONDS} are allowed"


def test_only_a_bastion_passes_connections_on(ssh_server: SshServer, tier: str) -> None:
    allowed = {"no", "local"} if tier == "bastion" else {"no"}
    passed = ssh_server.settings["allowtcpforwarding"]
    assert passed in allowed, f"AllowTcpForwarding is {passed} on a server of tier {tier}"


def test_the_journal_outlives_a_reboot(journal: Journal) -> None:
    written = [path for path in journal.written if path.startswith("/var/log/journal/")]
    assert written, f"no file in /var/log/journal is written to; written are {', '.join(journal.written) or 'none'}"


def test_the_journal_is_bounded(journal: Journal) -> None:
    assert journal.largest, "SystemMaxUse is not set: the journal may fill the disk"


def test_the_journal_keeps_what_the_law_asks_for(journal: Journal) -> None:
    kept = journal.keep_days
    assert kept is None or kept >= SHORTEST_KEEPING_DAYS, f"entries are dropped after {kept} days"


def test_the_clock_tells_the_citys_time(clock: Clock) -> None:
    assert clock.zone == "Asia/Shanghai", f"the time zone is {clock.zone}"


def test_the_clock_agrees_with_the_assessors(clock: Clock) -> None:
    assert clock.apart <= FARTHEST_APART_SECONDS, f"the clocks are {clock.apart:.1f} s apart"


def test_the_time_service_runs(clock: Clock) -> None:
    assert clock.service == "active", f"chrony is {clock.service}"


def test_the_clock_follows_the_citys_time_servers(clock: Clock) -> None:
    foreign = sorted(clock.sources - clock.city)
    assert not foreign, f"the time may come from {', '.join(foreign)}"
    assert clock.followed, "the time service follows no server"


def test_the_clock_is_never_stepped(clock: Clock) -> None:
    assert "makestep" not in clock.directives, "the time service may step the clock: records can go back in time"


def test_only_root_is_root(accounts: dict[str, Account]) -> None:
    others = sorted(name for name, one in accounts.items() if one.user_id == 0 and name != "root")
    assert not others, f"with root's id: {', '.join(others)}"


def test_no_account_opens_with_a_password(accounts: dict[str, Account]) -> None:
    opened = sorted(f"{name} ({one.lock})" for name, one in accounts.items() if one.lock != "locked")
    assert not opened, f"not locked: {', '.join(opened)}"


def test_the_auditor_reads_and_does_not_rule(accounts: dict[str, Account]) -> None:
    auditor = accounts.get("auditor")
    assert auditor, "there is no account for the auditor"
    assert "systemd-journal" in auditor.groups, "the auditor cannot read the journal"
    assert not auditor.groups & {"sudo", "root"}, f"the auditor is in {', '.join(sorted(auditor.groups))}"


def test_packages_come_from_the_city_only(package_sites: frozenset[str]) -> None:
    foreign = sorted(site for site in package_sites if not _host(site).endswith(".city.internal"))
    assert not foreign, f"packages come from {', '.join(foreign)}"


def _host(site: str) -> str:
    return urlsplit(site).hostname or ""
