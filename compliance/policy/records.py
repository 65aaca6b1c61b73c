"""Resources out of the files that Pulumi writes: saved plans (`--save-plan`) and exported states (`stack export`).

A plan holds differences to the state that it was made against. Given that state, too, its resources are whole; without,
what the plan leaves out is said to be unseen.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compliance.policy.resource import NOT_YET, SECRET, Hidden, Resource, Values, plain
from govcloud.core.errors import GovcloudError
from govcloud.core.language import mark, tr

# Pulumi's own words in its JSON: a value of a special kind, and values that are not known yet.
_SPECIAL = "4dabf18193072939515e22adb298388d"
UNKNOWN = frozenset(
    {
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)
_FILE = Hidden(mark("is a file"))


@dataclass(frozen=True)
class Stack:
    """The resources of one stack as one file tells them."""

    name: str
    file: str
    sha256: str
    resources: tuple[Resource, ...]


def read(paths: Iterable[Path]) -> list[Stack]:
    """Read plans and states. A state whose stack has a plan here, too, is what the plan is completed with."""
    plans: list[tuple[Path, str, dict[str, Any]]] = []
    states: dict[str, tuple[Path, str, list[dict[str, Any]]]] = {}
    for path in paths:
        content, digest = _json(path)
        if isinstance(content.get("resourcePlans"), dict):
            if content["resourcePlans"]:
                plans.append((path, digest, content["resourcePlans"]))
            continue
        living = [one for one in _resources(path, content) if not one.get("delete")]
        if living:
            states[_stack_of(living[0]["urn"])] = (path, digest, living)
    found = []
    for path, digest, plan in plans:
        name = _stack_of(next(iter(plan)))
        base = {one["urn"]: one for one in states.pop(name, (path, "", []))[2]}
        found.append(Stack(name, path.name, digest, tuple(_planned(plan, base))))
    for name, (path, digest, living) in states.items():
        found.append(Stack(name, path.name, digest, tuple(map(existing, living))))
    if not found:
        raise GovcloudError(tr("The files hold no resource that could be judged"))
    return found


def _resources(path: Path, content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the resources of an exported state, or of a state as Pulumi's file backend keeps it."""
    if "checkpoint" in content:
        latest = (content["checkpoint"] or {}).get("latest") or {}
        return [*(latest.get("resources") or ())]
    resources = (content.get("deployment") or {}).get("resources")
    if not isinstance(resources, list):
        raise GovcloudError(
            tr(
                "{path}: is neither a saved plan nor an exported state. Fix: pulumi preview --save-plan {path}",
                path=path,
            )
        )
    return resources


def _json(path: Path) -> tuple[dict[str, Any], str]:
    try:
        data = path.read_bytes()
        content = json.loads(data)
    except OSError as error:
        raise GovcloudError(tr("{path}: cannot be read: {reason}", path=path, reason=error.strerror)) from None
    except ValueError:
        raise GovcloudError(tr("{path}: is not JSON. Fix: make it again, it may be cut off", path=path)) from None
    if not isinstance(content, dict):
        raise GovcloudError(tr("{path}: is neither a saved plan nor an exported state", path=path))
    return content, hashlib.sha256(data).hexdigest()


def _stack_of(urn: str) -> str:
    return urn.split("::", 1)[0].rpartition(":")[2]


def _planned(plan: Mapping[str, Any], base: Mapping[str, Any]) -> Iterable[Resource]:
    for urn, one in plan.items():
        goal = one.get("goal")
        if not goal:
            continue  # it is to go
        before = base.get(urn)
        difference = goal.get("inputDiff") or {}
        given = dict((before or {}).get("inputs") or {})
        given.update(difference.get("adds") or {})
        given.update(difference.get("updates") or {})
        for name in difference.get("deletes") or ():
            given.pop(name, None)
        whole = before is not None or set(one.get("steps") or ()) <= {"create", "import"}
        yield _resource(urn, goal["type"], given, goal, complete=whole)
    for urn, before in base.items():
        if urn not in plan:  # a plan of some resources only
            yield existing(before)


def existing(one: Mapping[str, Any]) -> Resource:
    """Read one resource of a state."""
    return _resource(one["urn"], one["type"], one.get("inputs") or {}, one, complete=True)


def _resource(urn: str, kind: str, given: Mapping[str, Any], told: Mapping[str, Any], *, complete: bool) -> Resource:
    values = {key: plain(opened(value)) for key, value in given.items() if key != "__defaults"}
    references = {key: tuple(urns or ()) for key, urns in (told.get("propertyDependencies") or {}).items()}
    return Resource(urn, kind, Values(values, complete=complete), references, bool(told.get("protect")))


def opened(value: Any) -> Any:
    """Replace what Pulumi marks in its JSON: what is unknown or secret becomes hidden."""
    if isinstance(value, str) and value in UNKNOWN:
        return NOT_YET
    if isinstance(value, list):
        return [opened(one) for one in value]
    if isinstance(value, dict):
        return _special(value) if _SPECIAL in value else {key: opened(one) for key, one in value.items()}
    return value


def _special(value: Mapping[str, Any]) -> Any:
    match value[_SPECIAL]:
        case "1b47061264138c4ac30d75fd1eb44270":  # a secret, readable in an export with `--show-secrets`
            return opened(json.loads(value["plaintext"])) if "plaintext" in value else SECRET
        case "d0e6a833031e9bbcd3f4e8bde6ca49a4":  # what a resource gives, known or not
            return opened(value["value"]) if "value" in value else NOT_YET
        case _:
            return _FILE
