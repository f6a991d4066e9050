from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rialto.kernel.clock import ManualClock
from rialto.kernel.errors import NotFound
from rialto.kernel.ids import (
    BUCKETS,
    CART,
    ORDER,
    PARTITIONS,
    RandomIds,
    bucket_of,
    bucket_of_key,
    derived_uuid,
    partition_of,
    to_uuid,
)
from tests.support.values import seeded_ids

pytestmark = pytest.mark.fast

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
buckets = st.integers(0, BUCKETS - 1)
instants = st.integers(1, 16_000_000_000_000_000).map(lambda us: EPOCH + timedelta(microseconds=us))


@given(instants, buckets, st.integers(0, 2**32))
def test_ids_are_uuids_of_version_seven_with_their_millisecond(at: datetime, bucket: int, seed: int) -> None:
    value = RandomIds(ManualClock(at), random.Random(seed)).uuid(bucket)
    assert value.version == 7
    assert value.variant == "specified in RFC 4122"
    milliseconds = value.int >> 80
    assert abs(timedelta(milliseconds=milliseconds) - (at - EPOCH)) <= timedelta(milliseconds=1)


@given(buckets)
def test_an_id_leads_to_its_bucket_and_back_to_its_stored_form(bucket: int) -> None:
    ids = seeded_ids(bucket)
    printed = ORDER.new(ids, bucket)
    assert bucket_of(printed) == bucket
    assert ORDER.of(to_uuid(printed)) == printed
    assert ORDER.parse(printed) == printed


def test_later_ids_sort_later() -> None:
    clock = ManualClock()
    ids = seeded_ids(clock=clock)
    printed = []
    for _ in range(20):
        printed.append(ORDER.new(ids, 1023))
        clock.advance(0.001)
        printed.append(ORDER.new(ids, 0))
        clock.advance(0.001)
    assert printed == sorted(printed)


def test_ids_do_not_repeat_within_a_millisecond() -> None:
    ids = seeded_ids()
    assert len({ids.uuid(0) for _ in range(1000)}) == 1000


@pytest.mark.parametrize("bucket", [-1, BUCKETS])
def test_there_are_no_other_buckets(bucket: int) -> None:
    with pytest.raises(ValueError, match="no such bucket"):
        seeded_ids().uuid(bucket)


@given(st.text(max_size=40))
def test_any_text_that_was_not_printed_here_names_nothing(text: str) -> None:
    for candidate in (text, f"ord_{text}"):
        with pytest.raises(NotFound):
            ORDER.parse(candidate)


@given(st.text(alphabet=ALPHABET, min_size=26, max_size=26))
def test_of_all_words_of_the_right_form_only_our_kind_of_uuid_is_read(body: str) -> None:
    try:
        parsed = ORDER.parse(f"ord_{body}")
    except NotFound:
        return
    value = to_uuid(parsed)
    assert value.version == 7
    assert 0 <= bucket_of(parsed) < BUCKETS
    assert ORDER.of(value) == parsed


def other_forms(printed: str) -> list[str]:
    body = printed.removeprefix("ord_")
    return [
        printed.upper(),
        f" {printed}",
        f"{printed} ",
        f"{printed}\n",
        f"{printed}0",
        printed[:-1],
        body,
        f"cart_{body}",
        f"ord__{body}",
        f"ord_8{body[1:]}",
        CART.of(UUID(int=0)).replace("cart", "ord"),
        ORDER.of(UUID(int=2**128 - 1)),
        ORDER.of(UUID("00000000-0000-4000-8000-000000000000")),
        ORDER.of(UUID("00000000-0000-7000-c000-000000000000")),
        ORDER.of(UUID("00000000-0000-7400-8000-000000000000")),
    ]


def test_near_misses_name_nothing() -> None:
    printed = ORDER.new(seeded_ids(), 5)
    for near in other_forms(printed):
        with pytest.raises(NotFound):
            ORDER.parse(near)


@given(buckets, st.text(max_size=20), st.text(max_size=20))
def test_derived_ids_are_stable_and_stay_with_their_owner(bucket: int, step: str, other: str) -> None:
    owner = seeded_ids().uuid(bucket)
    derived = derived_uuid(owner, step)
    assert derived == derived_uuid(owner, step)
    assert bucket_of(ORDER.of(derived)) == bucket
    assert derived.int >> 80 == owner.int >> 80
    assert derived.version == 7
    assert (derived == derived_uuid(owner, other)) == (step == other)


def test_derived_ids_have_not_changed_since_the_first_release() -> None:
    owner = UUID("019b8e4f-2a00-7005-8000-000000000001")
    assert derived_uuid(owner, "payment", "1") == UUID("019b8e4f-2a00-7005-9657-d92b971df6fc")


def test_names_are_told_apart_however_they_are_cut() -> None:
    owner = seeded_ids().uuid(1)
    assert derived_uuid(owner, "ab", "c") != derived_uuid(owner, "a", "bc")


@given(st.text())
def test_a_key_has_one_bucket(key: str) -> None:
    assert 0 <= bucket_of_key(key) < BUCKETS
    assert bucket_of_key(key) == bucket_of_key(key)


def test_buckets_of_keys_have_not_changed_since_the_first_release() -> None:
    assert [bucket_of_key(key) for key in ("a@example.org", "MUG-1", "")] == [889, 160, 510]


def test_partitions_cover_all_buckets_evenly() -> None:
    counts = [0] * PARTITIONS
    for bucket in range(BUCKETS):
        counts[partition_of(bucket)] += 1
    assert set(counts) == {BUCKETS // PARTITIONS}


@given(st.integers(1, 512))
def test_tokens_are_long_enough_and_readable(bits: int) -> None:
    token = seeded_ids().token(bits)
    assert bits <= len(token) * 5 < bits + 5
    assert set(token) <= set(ALPHABET)


def test_drawn_numbers_stay_within_their_limits() -> None:
    ids = seeded_ids()
    assert {ids.below(3) for _ in range(100)} == {0, 1, 2}
    assert all(0 <= ids.random() < 1 for _ in range(100))
    assert all(0 <= ids.bucket() < BUCKETS for _ in range(100))


def test_the_same_seed_draws_the_same_ids() -> None:
    assert seeded_ids(3).uuid(1) == seeded_ids(3).uuid(1)
    assert seeded_ids(3).uuid(1) != seeded_ids(4).uuid(1)


def test_without_a_source_the_operating_system_is_asked() -> None:
    clock = ManualClock()
    assert RandomIds(clock).token() != RandomIds(clock).token()
