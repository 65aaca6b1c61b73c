#!/usr/bin/env python3
"""The one host list for Ansible and testinfra: `--list`, or `--host NAME`. GOVCLOUD_ENVIRONMENT names the environment.

Run it with the project's Python, as `eval "$(govcloud env)"` sets the path.
"""

from __future__ import annotations

import json
import os
import sys

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.model import outputs
from govcloud.core.workspace import Workspace
from govcloud.inventory.host_list import HostList


def main(arguments: list[str]) -> int:
    """Print the list, or one host's variables."""
    workspace = Workspace.here()
    environment = os.environ.get("GOVCLOUD_ENVIRONMENT", "lab")
    try:
        hosts = HostList(workspace, outputs.read(workspace.build(environment)))
    except GovcloudError as error:
        print(*error.messages, sep="\n", file=sys.stderr)
        return error.status
    match arguments:
        case ["--list"]:
            hosts.make_room()
            found = hosts.ansible()
        case ["--host", name]:
            found = hosts.ansible()["_meta"]["hostvars"].get(name, {})
        case _:
            print("usage: hosts.py --list | --host NAME", file=sys.stderr)
            return Exit.BAD_INPUT
    print(json.dumps(found, ensure_ascii=False, indent=1))
    return Exit.DONE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
