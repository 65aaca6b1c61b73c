"""No secret of the city stands in clear where it has no business: state, logs, products, the list of processes."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import yaml

from tests.conftest import City
from tests.secret_forms import forms_of

pytestmark = pytest.mark.lab

# Private files that are there to hold a secret, and nothing else: settings of services and the keystores themselves.
MEANT_FOR_IT = (
    "secrets",
    "clouds.yaml",
    "state/etc",
    "state/keystone",
    "state/mysql",
    "state/rabbitmq",
    "bin",
    "pulumi_home/plugins",
)

# The bytes of databases, images, volumes, guests and packages: contents of the services, not places for a leak.
BULK = ("state/glance", "state/cinder", "state/nova", "state/swift", "state/mirror")


@pytest.fixture(scope="module")
def secrets(city: City) -> dict[str, str]:
    """Gather every generated secret by where it is kept."""
    lab = city.root / ".lab"
    found = {
        path.name: path.read_text(encoding="utf-8").strip()
        for path in (lab / "secrets").iterdir()
        if path.suffix != ".pub"
    }
    key = found.pop("operator_ed25519").splitlines()
    found["operator key"] = key[len(key) // 2]
    for name, cloud in yaml.safe_load((lab / "clouds.yaml").read_text(encoding="utf-8"))["clouds"].items():
        found[f"cloud {name}"] = cloud["auth"].get("application_credential_secret") or cloud["auth"]["password"]
    for file in (city.root / "stacks" / "settings").glob("Pulumi.*.yaml"):
        stack = file.name.removeprefix("Pulumi.").removesuffix(".yaml")
        if "secure:" in file.read_text(encoding="utf-8"):
            shown = city.run(["pulumi", "config", "--show-secrets", "--json", "--stack", stack], check=True).stdout
            found |= {f"{stack} {key}": one["value"] for key, one in json.loads(shown).items() if one["secret"]}
    return {name: secret for name, secret in found.items() if len(secret) >= 16}


def files_of(city: City) -> Iterator[Path]:
    """Return what a secret could have leaked into: state, logs, products, settings of stacks."""
    lab = city.root / ".lab"
    left_out = [lab / name for name in (*MEANT_FOR_IT, *BULK)]
    for top in (lab, city.root / "build", city.root / "stacks"):
        for path in top.rglob("*"):
            if path.is_file() and not any(path.is_relative_to(one) for one in left_out):
                yield path


def test_secrets_are_only_in_files_that_are_there_for_them(city: City, secrets: dict[str, str]) -> None:
    assert len(secrets) >= 15
    assert any(name.startswith("lab-approval-elicence ") for name in secrets), "no system's secrets among them"
    by_form = {form: name for name, secret in secrets.items() for form in forms_of(secret)}
    any_form = re.compile(b"|".join(map(re.escape, by_form)))
    leaks = []
    for path in files_of(city):
        found = {by_form[form] for form in any_form.findall(path.read_bytes())}
        leaks += [f"{path.relative_to(city.root)}: {name}" for name in found]
    assert leaks == []


def test_files_that_hold_secrets_are_the_owners_alone(city: City) -> None:
    lab = city.root / ".lab"
    assert lab.stat().st_mode & 0o777 == 0o700
    for path in [*(lab / "secrets").iterdir(), lab / "clouds.yaml", *(lab / "state" / "etc").rglob("*.conf")]:
        if path.suffix != ".pub":
            assert path.stat().st_mode & 0o077 == 0, path


def test_no_secret_shows_in_the_list_of_processes(city: City, secrets: dict[str, str]) -> None:
    by_form = {secret.encode(): name for name, secret in secrets.items()}
    any_form = re.compile(b"|".join(map(re.escape, by_form)))
    over, leaks = threading.Event(), set()

    def watch() -> None:
        while not over.wait(0.02):
            for entry in Path("/proc").glob("[0-9]*"):
                with suppress(OSError):
                    leaks.update(by_form[form] for form in any_form.findall((entry / "cmdline").read_bytes()))

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        city.run(["make", "up"], check=True)
        city.run(["openstack", "--os-cloud", "lab-admin", "server", "list", "--all-projects"], check=True)
    finally:
        over.set()
        watching.join()
    assert leaks == set()
