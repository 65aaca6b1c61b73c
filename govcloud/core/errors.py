"""How a command fails: one clear message per fault, all at once, and an exit status that means something."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit status of every command (design, section 4)."""

    DONE = 0
    FINDINGS = 1
    BAD_INPUT = 2
    COULD_NOT_CHECK = 3
    SAFETY_RULE = 4


class GovcloudError(Exception):
    """Something the operator can mend; the command prints its messages, without a traceback, and exits."""

    def __init__(self, *messages: str, status: Exit = Exit.BAD_INPUT) -> None:
        super().__init__("\n".join(messages))
        self.messages = messages
        self.status = status
