"""A city of the tests' own: a second checkout with its own lab, made by the README's own commands.

Destructive proofs run here and nowhere else; the checkout's running city is never touched. The city is removed when the
tests end, and that removal is a test of its own (`tests/lab/test_zz_clean.py`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import openstack.connection
import pytest
import yaml

from govcloud.core.model.inventory import load
from tests import lab_logs, machine
from tests.sampling import SEED, WHOLE, leave_a_sample

# How long a test takes is the machine's affair, never a fault.
hypothesis.settings.register_profile("whole", deadline=None)
# `make check` asks for this one: fewer examples of the same properties.
hypothesis.settings.register_profile("check", deadline=None, max_examples=10)
hypothesis.settings.load_profile("whole")

# One system that many proofs stand on, and one of another department, which shares data with the province.
STAYS = {"elicence", "exchange"}

ROOT = Path(__file__).resolve().parents[1]
TEST_CITY = ROOT / ".test" / "city"
NEIGHBOUR = ROOT / ".test" / "neighbour"
# Whatever the locale of whoever runs the tests: messages are compared in English.
os.environ["LANGUAGE"] = "C"


def of_the_tests(checkout: Path) -> Path:
    """Return a checkout that tests may harm; refuse one of a person, whose lab and state would be lost."""
    resolved, temporary = checkout.resolve(), Path(tempfile.gettempdir()).resolve()
    ours = any(resolved.is_relative_to(top) for top in (ROOT / ".test", temporary))
    if not ours or (resolved / ".git").exists():
        raise ValueError(f"{checkout} is no checkout of the tests, which are in {ROOT / '.test'}")
    return checkout


@dataclass(frozen=True)
class City:
    """A checkout with a running lab."""

    root: Path
    env: Mapping[str, str]
    # The machine before this city: what it looked like, and how far its clock was from the steady one.
    before: Mapping[str, Any]
    drift: float

    def __post_init__(self) -> None:
        """Refuse any lab but the tests' own: what is done to a city here would end another one."""
        if self.root != TEST_CITY:
            raise ValueError(f"{self.root} is not the tests' city, {TEST_CITY}")

    def run(
        self, command: Sequence[str], *, timeout: float = 900, check: bool = False, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run one of the field's commands as an engineer would: at the root of the checkout, in its environment."""
        done = subprocess.run(
            list(command),
            cwd=self.root,
            env=dict(self.env),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(f"{' '.join(command)}: status {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done


def copy_checkout(target: Path) -> None:
    """Copy what git knows of this checkout, uncommitted changes included, as another checkout would have it."""
    of_the_tests(target)
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    wanted = {name.decode() for name in listed.stdout.split(b"\0") if name}
    for name in wanted:
        source, copy = ROOT / name, target / name
        if not source.exists():
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        if (
            not copy.exists()
            or copy.read_bytes() != source.read_bytes()
            or copy.stat().st_mode != source.stat().st_mode
        ):
            shutil.copy2(source, copy)
    _remove_what_is_gone(target, wanted)


def _remove_what_is_gone(target: Path, wanted: set[str]) -> None:
    """Remove files of an earlier copy that the checkout no longer has; what the city made itself stays."""
    made = {".venv", ".lab", "build"}
    for path in sorted(target.rglob("*")):
        name = path.relative_to(target)
        generated = (
            name.parts[0] in made or "__pycache__" in name.parts or name.match("stacks/settings/Pulumi.lab-*.yaml")
        )
        if path.is_file() and not generated and str(name) not in wanted:
            path.unlink()


def leave_out(checkout: Path) -> None:
    """Leave all systems out but two."""
    systems = {key for one in load(checkout / "inventory").departments.values() for key in one.systems}
    with (checkout / "inventory" / "environments" / "lab.yaml").open("a", encoding="utf-8") as file:
        file.write(f"left_out: [{', '.join(sorted(systems - STAYS))}]\n")


def pytest_report_header() -> str:
    """Say how to have the same part again."""
    return f"GOVCLOUD_SEED={SEED}"


def outside() -> dict[str, str]:
    """Return this process' environment without what an environment of this checkout put into it."""
    ours = ("OS_", "PULUMI_", "ANSIBLE_", "VIRTUAL_ENV", "PYTEST_")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
    own = {str(Path(sys.prefix) / "bin"), str(ROOT / ".lab" / "bin")}
    kept["PATH"] = os.pathsep.join(part for part in kept["PATH"].split(os.pathsep) if part not in own)
    return kept


def begin(checkout: Path, command: Sequence[str], printed: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
    """Start a command in a process group of its own, to be interrupted or killed with all that it starts."""
    return subprocess.Popen(
        # A shell's background job ignores the interrupt, and so would what it starts.
        ["env", "--default-signal=INT", *command],
        cwd=checkout,
        env=outside(),
        stdin=subprocess.DEVNULL,
        stdout=printed,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def clean(checkout: Path) -> None:
    """Remove a checkout's lab by the README's own command."""
    subprocess.run(["make", "clean"], cwd=of_the_tests(checkout), env=outside(), stdin=subprocess.DEVNULL, check=True)


@pytest.fixture(scope="session")
def city(pytestconfig: pytest.Config) -> Iterator[City]:
    """Bring the tests' city up by `make up` and give it to the tests."""
    copy_checkout(TEST_CITY)
    clean(TEST_CITY)
    if not WHOLE:
        leave_out(TEST_CITY)
    before, drift = machine.look(set()), machine.clock_drift()
    # Minutes of silence would look like a hang: what `make up` prints goes to the terminal.
    with pytestconfig.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        done = subprocess.run(["make", "up"], cwd=TEST_CITY, env=outside(), stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        pytest.exit("the tests' city did not come up, see above", returncode=1)
    yield City(TEST_CITY, environment_of(TEST_CITY), before, drift)
    if TEST_CITY.exists() and not os.environ.get("GOVCLOUD_KEEP_TEST_CITY"):
        clean(TEST_CITY)
        shutil.rmtree(TEST_CITY.parent)


def environment_of(checkout: Path) -> dict[str, str]:
    """Return the environment of `govcloud env`, as a shell would have it after `eval`."""
    script = 'eval "$(.venv/bin/govcloud env)" && env -0'
    done = subprocess.run(["sh", "-c", script], cwd=checkout, env=outside(), capture_output=True, check=True)
    pairs = (pair.decode().partition("=") for pair in done.stdout.split(b"\0") if pair)
    return {key: value for key, _, value in pairs}


@pytest.fixture(scope="session")
def cloud(city: City) -> Iterator[openstack.connection.Connection]:
    """Connect as the administrator of the tests' city."""
    clouds = yaml.safe_load((city.root / ".lab" / "clouds.yaml").read_text(encoding="utf-8"))["clouds"]
    admin = clouds["lab-admin"]
    connection = openstack.connection.Connection(auth=admin["auth"], region_name=admin["region_name"])
    yield connection
    connection.close()


LOGS = TEST_CITY / ".lab" / "state" / "log"
LOG_SIZES = pytest.StashKey[dict[Path, int]]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell with a failure what the city's services logged meanwhile: a later look finds them gone."""
    report = yield
    if report.when == "call" and report.failed and LOG_SIZES in item.stash:
        report.sections.append(("Logged by the city meanwhile", lab_logs.since(LOGS, item.stash[LOG_SIZES])))
    return report


@pytest.hookimpl(trylast=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Note where the city's logs end before a test that uses it."""
    if item.get_closest_marker("lab"):
        item.stash[LOG_SIZES] = lab_logs.sizes(LOGS)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave a sample of what takes long. Put fast tests first: what needs no city is told before one is built.

    What ends processes, servers or the whole lab comes last, beside a neighbour that must not notice; before it what
    the neighbour meets on its way up. The clean-up proof ends everything. Of the tests without a city slow modules go
    first: a worker that begins a long one last keeps all others waiting.
    """
    if not WHOLE and config.args_source is pytest.Config.ArgsSource.TESTPATHS:
        config.hook.pytest_deselected(items=leave_a_sample(items))
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (_when(item), item.path not in slow))


def _when(item: pytest.Item) -> int:
    needs = getattr(item, "fixturenames", ())
    stages = ("lab" in item.keywords, "checkout" in needs, "neighbour" in needs, "test_zz_" in item.nodeid)
    return max(number for number, so in enumerate((True, *stages)) if so)
