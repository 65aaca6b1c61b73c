"""The tests' city is the only one that tests may harm."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT, TEST_CITY, City, clean, copy_checkout, of_the_tests


def test_no_other_lab_can_be_taken_for_the_tests_city() -> None:
    with pytest.raises(ValueError, match="is not the tests' city"):
        City(ROOT, {}, {}, 0.0)


@pytest.mark.parametrize("destroy", [clean, copy_checkout])
def test_what_removes_refuses_the_checkout_of_a_person(tmp_path: Path, destroy: Callable[[Path], None]) -> None:
    """Also one that lies where temporary things do."""
    (tmp_path / ".git").mkdir()
    for checkout in (ROOT, ROOT.parent / "another", tmp_path, TEST_CITY / ".." / ".."):
        with pytest.raises(ValueError, match="is no checkout of the tests"):
            destroy(checkout)


def test_what_the_tests_made_may_be_removed(tmp_path: Path) -> None:
    assert of_the_tests(TEST_CITY) == TEST_CITY
    assert of_the_tests(tmp_path / "copy") == tmp_path / "copy"
