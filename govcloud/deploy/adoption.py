"""Taking over what stands in a cloud: into Pulumi's state and the environment's file, nothing of it made anew.

The cloud is not touched: names and labels come with the next `govcloud deploy`. What cannot be changed in place (a
server's image and key pair, a volume's size and type, a network's name) is written under `adopted` of the environment.

`pulumi import` brings in everything but servers. Of a server it loses the port, after which the server would be
replaced; its entry in the state is made here, and the refresh before every operation fills it with the truth.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.files import write_atomically
from govcloud.core.language import tr
from govcloud.core.model.environment import Environment
from govcloud.core.model.units import Unit
from govcloud.deploy.existing import Search, Wanted
from govcloud.deploy.pulumi_cli import Pulumi

_INSTANCE = "openstack:compute/instance:Instance"


@dataclass(frozen=True)
class Adoption:
    """One unit's taking over."""

    pulumi: Pulumi
    environment: Environment
    unit: Unit

    @property
    def _stack(self) -> str:
        return self.unit.stack(self.environment.key)

    @property
    def _file(self) -> Path:
        return self.pulumi.workspace.inventory / "environments" / f"{self.environment.key}.yaml"

    def plan(self, folder: Path) -> tuple[list[Wanted], dict[str, Any]]:
        """Return what the unit would create, and Pulumi's own list of it."""
        listed = folder / "import.json"
        outcome = self.pulumi.operate("preview", self._stack, "--refresh", "--import-file", str(listed))
        if not outcome.ok:
            raise GovcloudError(*outcome.errors, status=Exit.COULD_NOT_CHECK)
        wanted = [Wanted(one.urn, one.inputs) for one in outcome.creates]
        found: dict[str, Any] = json.loads(listed.read_text(encoding="utf-8"))
        return wanted, found

    def carry_out(self, search: Search) -> None:
        """Write the environment's file and the state; when anything would then be replaced, put both back."""
        state = self.pulumi.text("stack", "export", "--stack", self._stack)
        text = self._file.read_text(encoding="utf-8")
        write_atomically(self._file, with_adopted(text, self.environment, search))
        try:
            with tempfile.TemporaryDirectory(prefix="govcloud-adoption-") as folder:
                wanted, listed = self.plan(Path(folder))
                self._import(Path(folder), listed, search)
            self._insert_servers(wanted, search)
            self._refuse_what_would_go(search)
        except BaseException:
            write_atomically(self._file, text)
            self._put_state(json.loads(state))
            raise

    def _import(self, folder: Path, listed: dict[str, Any], search: Search) -> None:
        chosen = chosen_of(listed["resources"], search.ids)
        if not any("id" in one for one in chosen):
            return
        file = folder / "chosen.json"
        write_atomically(file, json.dumps({**listed, "resources": chosen}))
        options = ["--generate-code=false", "--protect=false", "--yes", "--skip-preview"]
        outcome = self.pulumi.operate("import", self._stack, "--file", str(file), *options)
        if not outcome.ok:
            raise GovcloudError(*outcome.errors, status=Exit.COULD_NOT_CHECK)

    def _insert_servers(self, wanted: list[Wanted], search: Search) -> None:
        state = json.loads(self.pulumi.text("stack", "export", "--stack", self._stack))
        resources: list[dict[str, Any]] = state["deployment"].get("resources") or []
        ports = {one["id"]: one for one in resources if str(one["type"]).endswith(":Port")}
        for one in wanted:
            known = search.ids.get((one.kind, one.name))
            if one.kind == "Instance" and known:
                port = ports[search.ids["Port", one.name]]
                resources.append(server_entry(one, known, port))
        self._put_state(state)

    def _put_state(self, state: dict[str, Any]) -> None:
        self.pulumi.text("stack", "import", "--stack", self._stack, given=json.dumps(state))

    def _refuse_what_would_go(self, search: Search) -> None:
        outcome = self.pulumi.operate("preview", self._stack, "--refresh")
        if not outcome.ok:
            raise GovcloudError(*outcome.errors, status=Exit.COULD_NOT_CHECK)
        taken = set(search.ids)
        gone = []
        for step in outcome.steps:
            verb, urn, _ = step.split(" ", 2)
            one = Wanted(urn, {})
            if verb != "update" and (one.kind, one.name) in taken:
                gone.append(
                    tr(
                        "{kind} {name}: Pulumi would {verb} it after its adoption",
                        kind=one.kind,
                        name=one.name,
                        verb=verb,
                    )
                )
        if gone:
            raise GovcloudError(*gone, tr("Nothing was adopted."), status=Exit.SAFETY_RULE)


def chosen_of(listed: list[dict[str, Any]], ids: dict[tuple[str, str], str]) -> list[dict[str, Any]]:
    """Return what of Pulumi's list is there, with its id, and the components that it belongs to."""
    chosen = []
    for one in listed:
        kind = str(one["type"]).rpartition(":")[2]
        known = ids.get((kind, str(one.get("logicalName") or one["name"])))
        if known and kind != "Instance" and not one.get("component"):
            chosen.append({**one, "id": known})
    components = {one["name"]: one for one in listed if one.get("component")}
    needed: set[str] = set()
    for one in chosen:
        parent = str(one.get("parent"))
        while parent in components:
            needed.add(parent)
            parent = str(components[parent].get("parent"))
    return [*(one for name, one in components.items() if name in needed), *chosen]


def server_entry(one: Wanted, known: str, port: dict[str, Any]) -> dict[str, Any]:
    """Return a server's entry for the state, beside its port's.

    The plugin believes the state about labels and reads none: claimed by the entry, they would never reach the server.
    """
    inputs = {**one.inputs, "networks": [{"port": port["id"]}]}
    true = {key: value for key, value in inputs.items() if key not in {"__defaults", "metadata"}}
    return {
        "urn": one.urn,
        "custom": True,
        "id": known,
        "type": _INSTANCE,
        "inputs": inputs,
        "outputs": {**true, "id": known},
        "parent": port["parent"],
        "provider": port["provider"],
        "dependencies": [port["urn"]],
        "propertyDependencies": {"networks": [port["urn"]]},
    }


def with_adopted(text: str, environment: Environment, search: Search) -> str:
    """Return an environment's file with what cannot be changed in place, beside what it says of that already."""
    told = environment.adopted.model_dump(exclude_defaults=True)
    for (kind, name), thing in search.found.items():
        if kind == "Network" and thing.name != name:
            told.setdefault("networks", {})[name] = thing.name
        elif kind == "Instance":
            image = search.cloud.image.find_image(thing.image.id) if thing.image and thing.image.id else None
            flavor = thing.flavor.original_name or thing.flavor.name
            said = {"image": image.name if image else None, "flavor": flavor, "key_pair": thing.key_name}
            told.setdefault("servers", {})[name] = {key: value for key, value in said.items() if value}
        elif kind == "Volume":
            told.setdefault("volumes", {})[name] = {"size_gib": thing.size, "type": thing.volume_type}
    if not told:
        return text
    kept, inside = [], False
    for line in text.splitlines():
        inside = line.startswith("adopted:") or (inside and (not line.strip() or line.startswith((" ", "\t"))))
        if not inside:
            kept.append(line)
    section = yaml.safe_dump({"adopted": told}, allow_unicode=True, sort_keys=True)
    return "\n".join(kept) + "\n" + section
