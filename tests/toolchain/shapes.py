"""What a package offers, as plain data: the shape of every input and output of every resource and function.

Read once from the installed Python package `pulumi_openstack` and once from the schema that our plugin serves, both can
be compared with `==`. A shape is the name of a scalar type, `["array", shape]`, `["map", shape]` or a dictionary of
properties.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import inspect
import re
import types
import typing
import warnings
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pulumi
from pulumi import _types

Shape = Any
SCALARS = {str: "string", bool: "boolean", int: "integer", float: "number"}


class Sides(NamedTuple):
    """Both sides of a resource or function."""

    inputs: Shape
    outputs: Shape


@functools.cache
def of_package() -> tuple[dict[str, Sides], dict[str, Sides]]:
    """Return the resources and the functions of the installed package, by token."""
    resources, functions = {}, {}
    for module in _modules():
        for name, member in inspect.getmembers(module):
            if getattr(member, "__module__", "") != module.__name__:
                continue
            if inspect.isclass(member) and issubclass(member, pulumi.CustomResource) and hasattr(member, "pulumi_type"):
                arguments = getattr(module, f"{name}Args")
                resources[member.pulumi_type] = Sides(
                    _properties(_types.input_type_types(arguments)), _properties(_types.resource_types(member))
                )
            elif inspect.isfunction(member) and not name.endswith("_output"):
                token, sides = _function(member)
                functions[token] = sides
    return resources, functions


def of_schema(schema: dict[str, Any]) -> tuple[dict[str, Sides], dict[str, Sides]]:
    """Return the same of a package schema, as `pulumi package get-schema` prints it."""
    named = schema["types"]
    resources = {
        token: Sides(_shapes(one.get("inputProperties"), named), _shapes(one.get("properties"), named))
        for token, one in schema["resources"].items()
    }
    functions = {
        token: Sides(
            _shapes(one.get("inputs", {}).get("properties"), named), _shapes(one["outputs"].get("properties"), named)
        )
        for token, one in schema["functions"].items()
    }
    return resources, functions


def of_provider(schema: dict[str, Any]) -> Shape:
    """Return the shape of what the provider itself is set up with."""
    return _shapes(schema["provider"]["inputProperties"], schema["types"])


def differences(ours: Shape, theirs: Shape, path: str = "") -> Iterator[str]:
    """Name every property in which two shapes differ."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name in sorted(ours.keys() | theirs.keys()):
            yield from differences(ours.get(name), theirs.get(name), f"{path}.{name}" if path else name)
    elif isinstance(ours, list) and isinstance(theirs, list) and ours[0] == theirs[0]:
        yield from differences(ours[1], theirs[1], f"{path}[]")
    elif ours != theirs:
        yield f"{path}: {ours or 'nothing'} served, {theirs or 'nothing'} in the package"


def package_root() -> Path:
    """Return where the package lies, without importing it: it warns of its own former names."""
    found = importlib.util.find_spec("pulumi_openstack")
    assert found, "pulumi_openstack is not installed"
    assert found.origin
    return Path(found.origin).parent


def _modules() -> Iterator[types.ModuleType]:
    root = package_root()
    names = [source.relative_to(root.parent) for source in root.rglob("*.py") if not source.name.startswith("_")]
    with warnings.catch_warnings(record=True):
        for name in sorted(names):
            *package, module = name.with_suffix("").parts
            # A package of the plugin's is loaded at the first look into it. Were that in the middle of its own module's
            # import, it would keep half of that module's names, for whoever comes after in this process.
            hasattr(importlib.import_module(".".join(package)), module)
            yield importlib.import_module(".".join([*package, module]))


def _function(member: types.FunctionType) -> tuple[str, Sides]:
    """Read the token and the names on the wire from the generated source: nothing else in the package tells them."""
    source = inspect.getsource(member)
    token = re.search(r"invoke\('([^']+)'", source)
    result = re.search(r"typ=(\w+)\)", source)
    assert token, f"{member.__name__} calls no function of the provider"
    assert result, f"{member.__name__} returns nothing"
    hints = typing.get_type_hints(member)
    inputs = {wire: hints[name] for wire, name in re.findall(r"__args__\['(\w+)'\] = (\w+)", source)}
    outputs = _types.output_type_types(getattr(inspect.getmodule(member), result[1]))
    return token[1], Sides(_properties(inputs), _properties(outputs))


def _properties(found: Mapping[str, Any]) -> Shape:
    # The engine's own, not the provider's.
    return {name: _shape(kind) for name, kind in found.items() if name != "id"}


def _shape(kind: Any) -> Shape:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind in SCALARS:
        return SCALARS[kind]
    if origin in (typing.Union, types.UnionType):
        # Of "a value, or one that is still to come, or nothing, or the same as a dictionary" only the value counts.
        return _shape(
            next(one for one in arguments if one is not type(None) and typing.get_origin(one) is not Awaitable)
        )
    if origin in (Sequence, list):
        return ["array", _shape(arguments[0])]
    if origin in (Mapping, dict):
        return ["map", _shape(arguments[1])]
    if _types.is_input_type(kind):
        return {name: _shape(one) for name, one in _types.input_type_types(kind).items()}
    return {name: _shape(one) for name, one in _types.output_type_types(kind).items()}


def _shapes(properties: dict[str, Any] | None, named: dict[str, Any]) -> Shape:
    return {name: _schema_shape(one, named) for name, one in (properties or {}).items() if name != "id"}


def _schema_shape(one: dict[str, Any], named: dict[str, Any]) -> Shape:
    if "$ref" in one:
        block = named[one["$ref"].removeprefix("#/types/")]
        return {name: _schema_shape(field, named) for name, field in block.get("properties", {}).items()}
    if one["type"] == "array":
        return ["array", _schema_shape(one["items"], named)]
    if one["type"] == "object":
        return ["map", _schema_shape(one["additionalProperties"], named)]
    return one["type"]
