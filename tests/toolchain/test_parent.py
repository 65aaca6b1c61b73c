"""A helper ends with its parent, however that ends, and not before."""

from __future__ import annotations

import subprocess
import sys

from tests.toolchain.project import descendants, eventually

# A parent that starts a helper, tells when the helper is watching, and waits.
PARENT = """\
import subprocess, sys
helper = subprocess.Popen([sys.executable, "-c", '''
import sys, time
from toolchain.parent import end_with_parent
end_with_parent()
print("watching", flush=True)
time.sleep(300)
'''])
helper.wait()
"""


def test_helper_ends_with_a_killed_parent() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "watching\n"
        helpers = descendants(parent.pid)
        assert len(helpers) == 1
        assert all(helper.runs() for helper in helpers)
        parent.kill()
        parent.wait(timeout=10)
        assert eventually(lambda: not any(helper.runs() for helper in helpers), 5)
