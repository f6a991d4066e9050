"""The rules of browsing as pure functions: bands, facet counts, likeness, cursors."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from rialto.catalog.api import Channel
from rialto.kernel.errors import FieldProblem
from rialto.kernel.service import Frozen
from rialto.search.api import SORTS, Browse, ChannelFor, QueryInvalid, Rating
from rialto.search.columns import Chosen, Posting
from rialto.search.documents import Row

BANDS = ("in_stock", "few_left", "sold_out")
LIMIT_MAX = 100
PAGE_MAX = 1_000_000
PRICE_MAX = 10**15
CURSOR_LENGTH_MAX = 200
FILTERS_MAX = 32
FILTER_VALUES_MAX = 100
PRIOR_AVERAGE, PRIOR_COUNT = 350, 5


class Cursor(Frozen, array_like=True):
    """Where a list goes on: after product `last`, or at `offset` should it have left the list."""

    query: str
    offset: int
    last: int


def best_band(bands: Iterable[str]) -> str:
    """The band of a product from its variants'. A band this release does not know counts as in stock."""
    best = len(BANDS) - 1
    for name in bands:
        best = min(best, BANDS.index(name) if name in BANDS else 0)
    return BANDS[best]


def rating_score(rating: Rating) -> int:
    """By what products are ordered: the average as if five more people had given 3.5 stars.

    So one enthusiast does not lift a product above those that many like.
    """
    return (rating.average * rating.count + PRIOR_AVERAGE * PRIOR_COUNT) // (rating.count + PRIOR_COUNT)


def counts(
    postings: Mapping[str, Mapping[str, Posting]],
    rows: Mapping[int, Row],
    *,
    choices: Mapping[str, int],
    base: int,
) -> dict[str, dict[str, int]]:
    """Disjunctive counts: for each attribute, how often each value occurs when all choices but its own apply.

    `choices` holds for each filtered attribute the set of products that its chosen values let through. Few
    products are tallied row by row, many are counted value by value; the counts are the same. Values that do
    not occur may be absent.
    """
    everything = base
    for bits in choices.values():
        everything &= bits
    unfiltered = Chosen(everything)
    values = sum(len(by_value) for code, by_value in postings.items() if code not in choices)
    tallied = tally(rows, unfiltered) if _tally_is_cheaper(unfiltered, values) else None
    found: dict[str, dict[str, int]] = {}
    for code, by_value in postings.items():
        if code not in choices:
            found[code] = _count(by_value, unfiltered) if tallied is None else tallied.get(code, {})
            continue
        others = base
        for other, bits in choices.items():
            others &= bits if other != code else others
        among = Chosen(others)
        tallying = _tally_is_cheaper(among, len(by_value))
        found[code] = tally(rows, among).get(code, {}) if tallying else _count(by_value, among)
    return found


def tally(rows: Mapping[int, Row], among: Chosen) -> dict[str, dict[str, int]]:
    """How often each value of each attribute occurs."""
    found: dict[str, dict[str, int]] = {}
    for slot in among:
        for code, value in rows[slot].values:
            by_value = found.setdefault(code, {})
            by_value[value] = by_value.get(value, 0) + 1
    return found


def most_alike(traits: Iterable[int], among: int, limit: int) -> list[int]:
    """Sets of products by how many traits they share, most first, until they hold `limit` products together.

    What shares nothing is left out.
    """
    levels = [among]
    for trait in traits:
        levels.append(0)
        for level in range(len(levels) - 1, 0, -1):
            levels[level] |= levels[level - 1] & trait
    found, taken = [], 0
    for level in reversed(levels[1:]):
        fresh = level & ~taken
        if fresh:
            found.append(fresh)
            taken |= fresh
        if taken.bit_count() >= limit:
            break
    return found


def check_browse(command: Browse) -> None:
    """Raises QueryInvalid naming every parameter that can never work."""
    problems = [
        FieldProblem(path=path, code=code, message=message)
        for path, code, message, wrong in (
            ("sort", "sort_unknown", f"Sort is one of {', '.join(SORTS)}.", command.sort not in SORTS),
            (
                "limit",
                "out_of_range",
                f"A page has 1 to {LIMIT_MAX} products.",
                not 1 <= command.limit <= LIMIT_MAX,
            ),
            ("page", "out_of_range", f"Pages go from 1 to {PAGE_MAX}.", not 1 <= command.page <= PAGE_MAX),
            ("price_min", "out_of_range", "A price is not below zero.", not _is_price(command.price_min)),
            ("price_max", "out_of_range", "A price is not below zero.", not _is_price(command.price_max)),
            ("price_max", "range_empty", "The highest price is below the lowest.", _crossed(command)),
            ("filters", "too_many", "There are too many filters.", _too_many(command)),
        )
        if wrong
    ]
    if problems:
        raise QueryInvalid(problems[0].message, fields=tuple(problems))


def query_key(command: Browse, language: str) -> str:
    """A short name for what is asked, the page left out: a cursor of another list is refused by it."""
    asked = (
        (
            language,
            command.view.currency,
            command.view.channel,
            command.q,
            command.category,
            command.collection,
            command.sort,
        ),
        sorted((code, sorted(values)) for code, values in command.filters.items()),
        (command.price_min, command.price_max, command.in_stock),
    )
    return hashlib.blake2b(msgspec.json.encode(asked), digest_size=6).hexdigest()


def write_cursor(cursor: Cursor) -> str:
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(cursor)).decode().rstrip("=")


def read_cursor(text: str, query: str) -> Cursor:
    """Raises QueryInvalid when it is broken or belongs to another list."""
    text = text[:CURSOR_LENGTH_MAX]
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        cursor = msgspec.msgpack.decode(packed, type=Cursor)
    except (ValueError, binascii.Error, msgspec.DecodeError) as error:
        raise _cursor_problem("The cursor is not one that a list gave out.") from error
    if cursor.query != query:
        raise _cursor_problem("The cursor belongs to another list.")
    if not 0 <= cursor.offset <= LIMIT_MAX * PAGE_MAX or not 0 <= cursor.last <= LIMIT_MAX * PAGE_MAX:
        raise _cursor_problem("The cursor is not one that a list gave out.")
    return cursor


def choose_channel(command: ChannelFor, channels: Sequence[Channel], default: Channel) -> Channel:
    """By code, else by host name (without its port), else the default."""
    if command.code is not None:
        for channel in channels:
            if channel.code == command.code:
                return channel
    if command.host is not None:
        # `[::1]:8000` keeps its brackets; only what follows the last colon outside of them is a port.
        host = command.host.lower().rstrip(".")
        bare = host if host.endswith("]") else host.rpartition(":")[0] or host
        for channel in channels:
            if any(known.lower() in {host, bare} for known in channel.hosts):
                return channel
    return default


def _tally_is_cheaper(among: Chosen, values: int) -> bool:
    """Nanoseconds as measured: a row takes 2,500; a value 300 and 70 for each 1,000 slots."""
    return len(among) * 2500 < values * (300 + among.bits.bit_length() * 70 // 1000)


def _count(by_value: Mapping[str, Posting], among: Chosen) -> dict[str, int]:
    return {value: posting.count(among) for value, posting in by_value.items()}


def _is_price(amount: int | None) -> bool:
    return amount is None or 0 <= amount <= PRICE_MAX


def _crossed(command: Browse) -> bool:
    return (
        command.price_min is not None
        and command.price_max is not None
        and command.price_max < command.price_min
    )


def _too_many(command: Browse) -> bool:
    return len(command.filters) > FILTERS_MAX or any(
        len(values) > FILTER_VALUES_MAX for values in command.filters.values()
    )


def _cursor_problem(message: str) -> QueryInvalid:
    return QueryInvalid(
        message, fields=(FieldProblem(path="cursor", code="cursor_invalid", message=message),)
    )
