"""Arguments of components: given by name, and the same until the end."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
from typing import Any

import pytest

from stacks import components

ARGUMENTS = [
    value
    for module in pkgutil.iter_modules(components.__path__, f"{components.__name__}.")
    for name, value in inspect.getmembers(importlib.import_module(module.name), inspect.isclass)
    if name.endswith("Args") and value.__module__ == module.name
]


def test_there_are_some_to_look_at() -> None:
    assert len(ARGUMENTS) > 8


@pytest.mark.parametrize("one", ARGUMENTS, ids=lambda one: one.__name__)
def test_they_are_frozen_and_taken_by_name(one: Any) -> None:
    assert one.__dataclass_params__.frozen
    assert all(field.kw_only for field in dataclasses.fields(one))
