"""What is said to be free is free, whatever is taken; and where nothing is left, nothing is given."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from govcloud.core.model.address_space import Claim, Network, claims, first_free, free_number, free_ranges
from tests.sample import SAMPLE

AROUND = IPv4Network("10.16.0.0/20")


@st.composite
def _taken(draw: st.DrawFn) -> list[Network]:
    prefix = draw(st.lists(st.integers(21, 26), max_size=12))
    return [list(AROUND.subnets(new_prefix=one))[draw(st.integers(0, 2 ** (one - 20) - 1))] for one in prefix]


@given(_taken())
def test_free_ranges_and_taken_ones_make_the_whole(taken: list[Network]) -> None:
    free = free_ranges(AROUND, taken)
    assert not any(one.overlaps(other) for one in free for other in taken)  # type: ignore[arg-type]
    assert not any(one.overlaps(other) for one, other in combinations(free, 2))  # type: ignore[arg-type]
    addresses = {address for one in taken for address in range(int(one[0]), int(one[-1]) + 1)}
    assert sum(one.num_addresses for one in free) + len(addresses) == AROUND.num_addresses


@given(_taken())
def test_the_first_free_network_overlaps_none(taken: list[Network]) -> None:
    found = first_free(AROUND, taken)
    if found is None:
        assert all(one.prefixlen > 24 or one == ip_network("10.16.0.0/24") for one in free_ranges(AROUND, taken))
    else:
        assert found.prefixlen == 24
        assert not any(found.overlaps(one) for one in taken)  # type: ignore[arg-type]


def test_a_range_that_is_all_taken_gives_none() -> None:
    assert first_free(AROUND, [AROUND]) is None
    assert first_free(IPv6Network("fd00::/64"), []) is None


@given(
    claimed=st.lists(st.tuples(st.integers(4, 190), st.integers(1, 64)), max_size=12),
    count=st.integers(1, 64),
    step=st.sampled_from([1, 10]),
)
def test_free_numbers_are_nobody_elses(claimed: list[tuple[int, int]], count: int, step: int) -> None:
    department = SAMPLE.departments["bureau"]
    besides = [Claim(zone="extranet", first=first, end=first + size, where=()) for first, size in claimed]
    found = free_number(department, "extranet", count, step=step, besides=besides)
    if found is not None:
        assert found % step == 0
        assert found + count <= department.networks["extranet"].first_dynamic
        for one in (*claims(department), *besides):
            assert one.zone != "extranet" or one.end <= found or found + count <= one.first


def test_a_full_network_gives_no_number() -> None:
    department = SAMPLE.departments["police"]
    besides = [Claim(zone="extranet", first=4, end=192, where=())]
    assert free_number(department, "extranet", besides=besides) is None
