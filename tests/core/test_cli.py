"""The command line brings along what the command at hand needs, and no more: most of a short command is its start."""

from __future__ import annotations

import subprocess
import sys

import pytest

# What takes longest to bring, and who needs it.
HEAVY = {"openstack": "deploy", "openpyxl": "verify"}


def brought(noun: str) -> set[str]:
    """Return which of the heavy modules are there once a noun's commands are."""
    script = f"import sys; from govcloud.cli import application; application({noun!r}); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return HEAVY.keys() & set(done.stdout.split())


@pytest.mark.parametrize(("module", "noun"), HEAVY.items())
def test_a_command_brings_what_it_needs(module: str, noun: str) -> None:
    assert module in brought(noun)


def test_a_command_does_not_bring_what_others_need() -> None:
    assert brought("inventory") == set()


def test_without_a_noun_all_of_them_are_listed() -> None:
    script = "from govcloud.cli import application; application()(['-h'])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert {"deploy", "inventory", "lab", "verify"} <= set(done.stdout.split())
