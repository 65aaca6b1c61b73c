"""What a stack takes from another: parts of its one export.

While a city is planned that nobody has built yet, the other stack has no export. A preview then goes on with values
that are not known; an update fails, because the unit before it is missing.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pulumi

from govcloud.core.model.outputs import EXPORT
from govcloud.core.model.units import PROJECT


class UnitReference:
    """The export of another unit."""

    def __init__(self, stack: str) -> None:
        self._stack = stack
        self._export = pulumi.StackReference(f"organization/{PROJECT}/{stack}").get_output(EXPORT)

    def text(self, *path: str) -> pulumi.Output[str]:
        """Return one text of the export."""
        return self._export.apply(lambda export: self._pick(export, path))

    def _pick(self, export: Any, path: tuple[str, ...]) -> pulumi.Input[str]:
        value = export
        for part in path:
            value = value.get(part) if isinstance(value, dict) else None
        if value is not None:
            return cast("str", value)
        if pulumi.runtime.is_dry_run():
            return _unknown()
        raise pulumi.RunError(f"Stack {self._stack} does not give {'.'.join(path)}. Fix: apply it first")


def _unknown() -> pulumi.Output[str]:
    def settled(value: Any) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = asyncio.get_event_loop().create_future()
        future.set_result(value)
        return future

    return pulumi.Output(settled(set()), settled(None), settled(False), settled(False))  # noqa: FBT003 - futures of flags
