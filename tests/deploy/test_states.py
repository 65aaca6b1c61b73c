"""A damaged state is always found, and the last whole copy takes its place."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from govcloud.core.errors import Exit, GovcloudError
from govcloud.core.workspace import Workspace
from govcloud.deploy.pulumi_cli import Pulumi
from govcloud.deploy.states import mend, whole

STACK = "lab-one"


class Backend:
    """A file backend as Pulumi leaves it: the state, what stood there before, and the ends of two operations."""

    def __init__(self, root: Path) -> None:
        self.pulumi = Pulumi(Workspace(root))
        self.top = self.pulumi.workspace.pulumi_backend / ".pulumi"
        self.state = self.top / "stacks" / "govcloud" / f"{STACK}.json"
        self.bak = self.state.with_name(f"{STACK}.json.bak")
        self.ends = [self.top / "history" / "govcloud" / STACK / f"{STACK}-{n}.checkpoint.json" for n in (1, 2)]
        for age, file in enumerate((self.state, self.bak, *reversed(self.ends))):
            write(file, b'{"version": 3, "age": %d}' % age, age)
        self.said: list[str] = []

    def mend(self) -> None:
        """Do what is tested."""
        mend(self.pulumi, STACK, self.said.append)

    def age(self) -> int:
        """Return which of the copies stands in the state's place."""
        return int(json.loads(self.state.read_bytes())["age"])


def write(file: Path, content: bytes, age: int) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    os.utime(file, (1000 - age, 1000 - age))
    digest = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
    file.with_name(f"{file.name}.attrs").write_text(json.dumps({"md5": digest, "user.content_type": "text/plain"}))


@pytest.fixture
def backend(tmp_path: Path) -> Backend:
    return Backend(tmp_path)


def test_a_whole_state_is_left_alone(backend: Backend) -> None:
    backend.mend()
    assert (backend.age(), backend.said) == (0, [])


def test_a_stack_that_never_had_a_state_needs_none(tmp_path: Path) -> None:
    mend(Pulumi(Workspace(tmp_path)), STACK, pytest.fail)


@given(place=st.integers(min_value=0), bit=st.integers(0, 7))
def test_a_flipped_bit_is_found(tmp_path_factory: pytest.TempPathFactory, place: int, bit: int) -> None:
    file = tmp_path_factory.mktemp("states") / "state.json"
    write(file, b'{"version": 3, "resources": ["one", "two"]}', 0)
    content = bytearray(file.read_bytes())
    content[place % len(content)] ^= 1 << bit
    file.write_bytes(content)
    assert not whole(file)


@given(length=st.integers(0, 40))
def test_a_cut_end_is_found(tmp_path_factory: pytest.TempPathFactory, length: int) -> None:
    file = tmp_path_factory.mktemp("states") / "state.json"
    write(file, b'{"version": 3, "resources": ["one", "two"]}', 0)
    file.write_bytes(file.read_bytes()[:length])
    assert not whole(file)


@given(note=st.binary(max_size=60))
def test_a_damaged_digest_is_no_proof_and_no_traceback(tmp_path_factory: pytest.TempPathFactory, note: bytes) -> None:
    file = tmp_path_factory.mktemp("states") / "state.json"
    write(file, b"{}", 0)
    file.with_name("state.json.attrs").write_bytes(note)
    assert not whole(file)


def test_the_newest_whole_copy_takes_its_place_and_the_damage_is_kept(backend: Backend) -> None:
    backend.state.write_bytes(b'{"version": 3, "age": 8}')
    backend.mend()
    assert backend.age() == 1
    assert whole(backend.state)
    assert "put back from stacks/govcloud/lab-one.json.bak" in backend.said[0]
    (kept,) = (backend.top / "damaged").iterdir()
    assert json.loads(kept.read_bytes())["age"] == 8
    backend.mend()
    assert len(backend.said) == 1


def test_after_an_operation_that_ended_its_end_is_newest(backend: Backend) -> None:
    write(backend.ends[1], b'{"version": 3, "age": 0}', 0)
    backend.state.unlink()
    backend.mend()
    assert backend.age() == 0


def test_damaged_copies_are_passed_over(backend: Backend) -> None:
    for file in (backend.state, backend.bak, backend.ends[1]):
        file.write_bytes(b"")
    backend.mend()
    assert backend.age() == 3


def test_without_a_whole_copy_nothing_is_done(backend: Backend) -> None:
    for file in (backend.state, backend.bak, *backend.ends):
        file.write_bytes(b"nothing")
    with pytest.raises(GovcloudError, match="so is every copy") as refused:
        backend.mend()
    assert refused.value.status == Exit.SAFETY_RULE
    assert backend.state.read_bytes() == b"nothing"


def _flip(content: bytes, place: int) -> bytes:
    place %= len(content) * 8
    return bytes(byte ^ (1 << place % 8) if number == place // 8 else byte for number, byte in enumerate(content))


DAMAGES = {
    "a bit flipped": _flip,
    "its end cut off": lambda content, place: content[: place % len(content)],
    "its end repeated": lambda content, place: content + content[place % len(content) :],
    "zeros instead of a block": lambda content, place: content[: place % len(content)].ljust(len(content), b"\0"),
    "removed": lambda *_: None,
}


@pytest.mark.slow
@settings(max_examples=200)
@given(
    ends=st.lists(st.booleans(), min_size=1, max_size=8),
    damage=st.sampled_from(sorted(DAMAGES)),
    place=st.integers(min_value=0, max_value=1 << 20),
    digest_too=st.booleans(),
)
def test_whatever_is_damaged_one_write_is_lost_at_most(
    tmp_path_factory: pytest.TempPathFactory, ends: list[bool], damage: str, place: int, *, digest_too: bool
) -> None:
    backend = Backend(tmp_path_factory.mktemp("states"))
    before = last = backend.age()
    # As Pulumi writes: what stood there becomes the copy, and an operation that ends keeps one more.
    for number, ended in enumerate(ends, 10):
        write(backend.bak, backend.state.read_bytes(), -2 * number)
        before, last = last, number
        content = b'{"version": 3, "age": %d}' % number
        write(backend.state, content, -2 * number - 1)
        if ended:
            write(backend.ends[0].with_name(f"{STACK}-{number}.checkpoint.json"), content, -2 * number - 1)
    broken = DAMAGES[damage](backend.state.read_bytes(), place)
    if broken is None:
        backend.state.unlink()
    else:
        backend.state.write_bytes(broken)
    if digest_too and broken is not None:
        backend.state.with_name(f"{backend.state.name}.attrs").unlink()
    backend.mend()
    assert len(backend.said) == 1, "was not found"
    assert backend.age() == (last if ends[-1] else before)
    assert whole(backend.state)
