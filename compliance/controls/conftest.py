"""What is observed, once for each host and handed to all controls of a module.

Run over the city's one host list: `pytest compliance/controls --hosts=ansible://all
--ansible-inventory=inventory/hosts.py`.
"""

from __future__ import annotations

from typing import Any

import pytest

from compliance.observations import accounts as accounts_of
from compliance.observations import clock as clock_of
from compliance.observations import journal as journal_of
from compliance.observations import packages as packages_of
from compliance.observations import ssh_server as ssh_server_of
from compliance.observations.accounts import Account
from compliance.observations.clock import Clock
from compliance.observations.journal import Journal
from compliance.observations.ssh_server import SshServer


def pytest_configure(config: pytest.Config) -> None:
    """Refuse to judge the assessor's own machine, which is what testinfra takes when no host is named."""
    if not config.getoption("hosts") and not config.getoption("collectonly"):
        raise pytest.UsageError("no hosts. Fix: --hosts=ansible://all --ansible-inventory=inventory/hosts.py")


@pytest.fixture(scope="module")
def tier(host: Any) -> str:
    """Return the host's tier, as the host list tells it."""
    return str(host.backend.get_variables()["govcloud"]["tier"])


@pytest.fixture(scope="module")
def ssh_server(host: Any) -> SshServer:
    """Observe the SSH server."""
    return ssh_server_of.observe(host)


@pytest.fixture(scope="module")
def journal(host: Any) -> Journal:
    """Observe the journal."""
    return journal_of.observe(host)


@pytest.fixture(scope="module")
def clock(host: Any) -> Clock:
    """Observe the clock."""
    return clock_of.observe(host)


@pytest.fixture(scope="module")
def accounts(host: Any) -> dict[str, Account]:
    """Observe the accounts."""
    return accounts_of.observe(host)


@pytest.fixture(scope="module")
def package_sites(host: Any) -> frozenset[str]:
    """Observe where packages come from."""
    return packages_of.observe(host)
