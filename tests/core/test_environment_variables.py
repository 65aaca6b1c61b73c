"""What `govcloud env` gives to a shell: where things are, and never who somebody is."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

NAMES = {
    "ANSIBLE_CONFIG",
    "OS_CLIENT_CONFIG_FILE",
    "PATH",
    "PULUMI_BACKEND_URL",
    "PULUMI_CONFIG_PASSPHRASE_FILE",
    "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION",
    "PULUMI_HOME",
    "PULUMI_IGNORE_AMBIENT_PLUGINS",
    "PULUMI_SKIP_UPDATE_CHECK",
}


def test_it_names_files_and_no_user_password_or_token() -> None:
    command = [str(Path(sys.prefix) / "bin" / "govcloud"), "env"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    words = [shlex.split(line) for line in done.stdout.splitlines()]
    assert {first for first, *_ in words} == {"export"}
    assert {word.partition("=")[0] for _, word in words} == NAMES
