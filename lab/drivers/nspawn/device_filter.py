"""Which devices a cgroup may open, with cgroup v2: a small BPF program instead of v1's `devices.allow`.

The kernel asks the program at each open of a device node with the access type, major and minor; it returns 1 for a
device on the list, 0 for any other. Making nodes is not the question here: guests have no CAP_MKNOD.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.drivers.nspawn.commands import GuestError

_SYS_BPF = 321  # x86_64
_PROG_LOAD, _PROG_ATTACH, _PROG_DETACH, _PROG_QUERY, _PROG_GET_FD_BY_ID = 5, 8, 9, 16, 13
_CGROUP_DEVICE_PROGRAM, _CGROUP_DEVICE = 15, 6
_ALLOW_MULTI = 2
_TYPES = {"b": 1, "c": 2}
_LOAD, _JUMP_IF_NOT_EQUAL, _SET, _EXIT, _AND = 0x61, 0x55, 0xB7, 0x95, 0x57


@dataclass(frozen=True)
class Device:
    """A device, or with no minor all devices of a major; its text is what cgroup v1 takes."""

    kind: str
    major: int
    minor: int | None

    def __str__(self) -> str:
        return f"{self.kind} {self.major}:{'*' if self.minor is None else self.minor}"


def program(allowed: Sequence[Device]) -> bytes:
    """Return the program; r2 = type, r3 = major, r4 = minor, r0 = the answer."""
    code = [
        _op(_LOAD, target=2, source=1, offset=0),
        _op(_AND, target=2, value=0xFFFF),
        _op(_LOAD, target=3, source=1, offset=4),
        _op(_LOAD, target=4, source=1, offset=8),
    ]
    for device in allowed:
        tests = [(2, _TYPES[device.kind]), (3, device.major)]
        if device.minor is not None:
            tests.append((4, device.minor))
        for index, (register, value) in enumerate(tests):
            past_this_device = len(tests) - index + 1
            code.append(_op(_JUMP_IF_NOT_EQUAL, target=register, offset=past_this_device, value=value))
        code += [_op(_SET, target=0, value=1), _op(_EXIT)]
    return b"".join([*code, _op(_SET, target=0, value=0), _op(_EXIT)])


def replace(cgroup: Path, allowed: Sequence[Device]) -> None:
    """Make this the cgroup's device filter; the one before goes only when the new one holds."""
    directory = os.open(cgroup, os.O_RDONLY | os.O_DIRECTORY)
    try:
        before = _attached(directory)
        new = _load(program(allowed))
        _bpf(_PROG_ATTACH, struct.pack("IIIII", directory, new, _CGROUP_DEVICE, _ALLOW_MULTI, 0))
        os.close(new)
        for old in before:
            descriptor = _bpf(_PROG_GET_FD_BY_ID, struct.pack("III", old, 0, 0))
            _bpf(_PROG_DETACH, struct.pack("IIII", directory, descriptor, _CGROUP_DEVICE, 0))
            os.close(descriptor)
    finally:
        os.close(directory)


def _op(code: int, *, target: int = 0, source: int = 0, offset: int = 0, value: int = 0) -> bytes:
    return struct.pack("BBhi", code, source << 4 | target, offset, value)


def _load(code: bytes) -> int:
    instructions, licence = ctypes.create_string_buffer(code, len(code)), ctypes.create_string_buffer(b"Apache-2.0")
    attributes = struct.pack(
        "IIQQIIQII",
        *(_CGROUP_DEVICE_PROGRAM, len(code) // 8, ctypes.addressof(instructions), ctypes.addressof(licence)),
        *(0, 0, 0, 0, 0),
    )
    return _bpf(_PROG_LOAD, attributes)


def _attached(directory: int) -> list[int]:
    ids = (ctypes.c_uint32 * 64)()
    query = struct.pack("IIIIQII", directory, _CGROUP_DEVICE, 0, 0, ctypes.addressof(ids), len(ids), 0)
    buffer = ctypes.create_string_buffer(query, len(query))
    _bpf_buffer(_PROG_QUERY, buffer)
    return list(ids[: struct.unpack("IIIIQII", buffer.raw)[5]])


def _bpf(command: int, attributes: bytes) -> int:
    return _bpf_buffer(command, ctypes.create_string_buffer(attributes, len(attributes)))


def _bpf_buffer(command: int, buffer: ctypes.Array[ctypes.c_char]) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    answer = int(libc.syscall(_SYS_BPF, command, buffer, len(buffer)))
    if answer < 0:
        raise GuestError(f"bpf command {command}: {os.strerror(ctypes.get_errno())}: guests would not be isolated")
    return answer
