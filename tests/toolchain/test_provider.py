"""Programs written against the published package find in our plugin what they expect."""

from __future__ import annotations

import importlib.metadata
import json
import re
import subprocess
from typing import Any

import pytest

from tests.toolchain import shapes
from tests.toolchain.project import PROVIDER, Project
from toolchain import build

pytestmark = pytest.mark.slow

# Tokens of the package that the plugin does not serve -> why. Complete: a new version must account for every one.
NOT_SERVED: dict[str, str] = {
    "pulumi:providers:openstack": "the provider itself: not in the list of resources, compared on its own below",
}


@pytest.fixture(scope="module")
def schema(tools: build.Tools, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    home = {"PULUMI_HOME": str(tmp_path_factory.mktemp("home")), "PATH": "/usr/bin:/bin"}
    command = [str(tools.pulumi), "package", "get-schema", str(tools.provider)]
    printed = subprocess.run(command, env=home, capture_output=True, text=True, check=True, timeout=60).stdout
    return dict(json.loads(printed))


def test_versions_are_those_of_the_packages() -> None:
    assert importlib.metadata.version("pulumi") == build.PULUMI_VERSION
    assert importlib.metadata.version("pulumi-openstack") == build.PROVIDER_VERSION


def test_every_token_of_the_package_is_served(schema: dict[str, Any]) -> None:
    resources, functions = shapes.of_package()
    assert len(resources) > 100, "the package was not read"
    assert set(resources) - set(schema["resources"]) == set(NOT_SERVED)
    assert set(functions) - set(schema["functions"]) == set()


def test_every_served_token_is_one_of_the_package(schema: dict[str, Any]) -> None:
    resources, functions = shapes.of_package()
    assert set(schema["resources"]) <= set(resources)
    assert set(schema["functions"]) <= set(functions)


def test_every_property_is_served_under_the_name_and_type_of_the_package(schema: dict[str, Any]) -> None:
    found = []
    for package, served in zip(shapes.of_package(), shapes.of_schema(schema), strict=True):
        for token in sorted(set(package) & set(served)):
            for side in ("inputs", "outputs"):
                differs = shapes.differences(getattr(served[token], side), getattr(package[token], side))
                found += [f"{token} {side}: {one}" for one in differs]
    assert found == []


def test_provider_takes_every_setting_of_the_package(schema: dict[str, Any]) -> None:
    package = shapes.of_package()[0]["pulumi:providers:openstack"]
    served = shapes.of_provider(schema)
    assert list(shapes.differences(served, package.inputs)) == []


def test_every_secret_of_the_package_is_secret(schema: dict[str, Any]) -> None:
    """What the package declares secret, the plugin must also when it reads a resource back."""
    found = []
    for source in shapes.package_root().rglob("*.py"):
        text = source.read_text(encoding="utf-8")
        token = re.search(r'@pulumi.type_token\("(openstack:[^"]+)"\)', text)
        declared = re.search(r"additional_secret_outputs=\[([^\]]*)\]", text)
        if token and declared:
            served = schema["resources"][token[1]]["properties"]
            names = re.findall(r'"(\w+)"', declared[1])
            found += [(token[1], name, served[name].get("secret")) for name in names]
    assert len(found) > 10, "the package was not read"
    assert [one for one in found if not one[2]] == []


def test_plugin_refuses_a_wrong_argument_before_it_asks_a_cloud(project: Project) -> None:
    subnet = (
        'openstack.networking.Subnet("s", network_id="n", cidr="10.0.0.0/24", ipv6_ra_mode="wrong", opts=by_cloud)\n'
    )
    project.write(PROVIDER.format(port=1) + subnet)
    assert "expected ipv6_ra_mode to be one of" in project.pulumi("preview", "--stack", "test", succeeds=False).stdout
