"""The engine's protocol, out of the Python package `pulumi`, without the package around it.

Importing `pulumi` costs as long as everything else that the language host does at its start, and the host needs nothing
of it but the generated messages. So these are imported below empty parents, which are taken away again: whoever imports
`pulumi` in the same process later gets the real one.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType


def sdk_directory() -> Path:
    """Return where the package lies."""
    found = importlib.util.find_spec("pulumi")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("pulumi")
    return Path(found.origin).parent


@contextmanager
def _empty_parents() -> Iterator[None]:
    directories = {"pulumi": sdk_directory(), "pulumi.runtime": sdk_directory() / "runtime"}
    missing = {name: path for name, path in directories.items() if name not in sys.modules}
    for name, directory in missing.items():
        parent = ModuleType(name)
        parent.__path__ = [str(directory)]
        sys.modules[name] = parent
    try:
        yield
    finally:
        for name in missing:
            del sys.modules[name]


with _empty_parents():
    from pulumi.runtime.proto import language_pb2 as messages
    from pulumi.runtime.proto import plugin_pb2 as plugins
    from pulumi.runtime.proto.language_pb2_grpc import LanguageRuntimeServicer, add_LanguageRuntimeServicer_to_server

__all__ = ["LanguageRuntimeServicer", "add_LanguageRuntimeServicer_to_server", "messages", "plugins", "sdk_directory"]
