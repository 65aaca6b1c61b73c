"""One result: what a rule says of an object, and on which evidence (design: result values)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

from govcloud.core.model.base import Model


class Verdict(StrEnum):
    """The words of every result, in any file and any locale."""

    CONFORM = "conform"
    PARTIAL = "partial"
    NONCONFORM = "nonconform"
    NOT_APPLICABLE = "not_applicable"
    NOT_TESTED = "not_tested"


class Result(Model):
    """One rule on one object."""

    schema_version: Literal[1] = 1
    rule: str
    rule_version: int
    object: str
    at: datetime
    verdict: Verdict
    reason: str
    evidence: str
    """The name of the file that was judged."""
    evidence_sha256: str
