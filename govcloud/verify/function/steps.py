"""What a step has to say, and how it becomes a verdict.

A step that finds nothing wrong returns, perhaps with a remark. What it has to say otherwise it raises, so that steps
read as what they do. A message is kept apart from its values: the operator reads it by locale, the report is Chinese.
"""

from __future__ import annotations

import gettext
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from keystoneauth1.exceptions.base import ClientException
from openstack.exceptions import HttpException, SDKException
from requests.exceptions import RequestException

from govcloud.core.environment import patience
from govcloud.core.language import DOMAIN, LOCALES, mark, tr
from govcloud.core.model.results import Verdict
from govcloud.verify.function.words import StepName

T = TypeVar("T")
CLOUD_ERRORS = (SDKException, ClientException, RequestException)
# May not, too large for the quota, asked too often: nothing is said of whether it works.
_REFUSED = frozenset({401, 403, 413, 429})
_SERVERS_FAULT = 500
_CONFLICT = 409
_POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Said:
    """A message and what fills its `{names}`."""

    message: str = ""
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        """Say it in the operator's language."""
        return tr(self.message, **self.values) if self.message else ""

    def in_chinese(self) -> str:
        """Say it in the language of the reports."""
        if not self.message:
            return ""
        text = gettext.translation(DOMAIN, LOCALES, ["zh_CN"], fallback=True).gettext(self.message)
        inner = {
            name: one.in_chinese() if isinstance(one, Said | StepName) else one for name, one in self.values.items()
        }
        return text.format(**inner) if inner else text


class Told(Exception):  # noqa: N818 - it tells a verdict; not all of them are errors
    """What a step has to say that does not go well."""

    verdict = Verdict.NOT_TESTED
    looked = False
    """Whether a look was tried and failed, which ends the command with status 3."""
    blocks = True
    """Whether the steps that build on this one can no longer be tried."""

    def __init__(self, message: str, **values: object) -> None:
        super().__init__(message)
        self.said = Said(message, values)


class Finding(Told):
    """It does not do what it is for."""

    verdict = Verdict.NONCONFORM


class CouldNotLook(Told):
    """Nothing can be said, because the look itself failed."""

    looked = True


class NotApplicable(Told):
    """This cloud has no such thing, or nobody wants to know."""

    verdict = Verdict.NOT_APPLICABLE
    blocks = False


class NotAsked(Told):
    """What it takes to look was not given by the operator."""

    blocks = False


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step as it went; `seconds` is None where it was not begun."""

    scenario: str
    step: str
    seconds: float | None
    verdict: Verdict
    said: Said = Said()
    looked: bool = False

    def as_json(self) -> dict[str, object]:
        """Return the step as programs read it."""
        return {
            "scenario": self.scenario,
            "step": self.step,
            "seconds": self.seconds,
            "verdict": self.verdict.value,
            "reason": str(self.said),
        }


def judged(error: Exception) -> Told:
    """Judge an answer that nobody expected: a refusal of what is sensible is a finding, silence is not."""
    status = error.status_code if isinstance(error, HttpException) else getattr(error, "http_status", None)
    text = " ".join(str(error).split())[:300]
    over_quota = status == _CONFLICT and "quota" in text.lower()
    if not status or status >= _SERVERS_FAULT or status in _REFUSED or over_quota:
        return CouldNotLook(mark("the cloud says: {error}"), error=text)
    return Finding(mark("the cloud says: {error}"), error=text)


def refused(status: int, text: str) -> Told:
    """Judge an answer by its status alone, where it came without an exception."""
    error = HttpException(message=f"HTTP {status} {' '.join(text.split())[:200]}", http_status=status)
    return judged(error)


def wait(what: str, look: Callable[[], T | None], seconds: float, poll: float = _POLL_SECONDS) -> T:
    """Return what `look` returns once it is true; a finding after the time. `what` is told in English and marked."""
    allowed = patience(int(seconds))
    end = time.monotonic() + allowed
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise Finding(mark("{what}: not within {seconds} s"), what=Said(what), seconds=allowed)
        time.sleep(poll)
