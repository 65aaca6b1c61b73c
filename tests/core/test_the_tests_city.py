"""The tests' city is the only one that tests may harm."""

from __future__ import annotations

import pytest

from tests.conftest import ROOT, City


def test_no_other_lab_can_be_taken_for_the_tests_city() -> None:
    with pytest.raises(ValueError, match="is not the tests' city"):
        City(ROOT, {}, {}, 0.0)
