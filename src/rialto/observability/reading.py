"""What processes tell at `/metrics`, read by commands: numbers by name, and rates between two looks.

Where a process said nothing, or what is asked needs a look before, the answer is None and never zero.
"""

from __future__ import annotations

import http.client
import math
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from prometheus_client.parser import text_string_to_metric_families

from rialto.observability.scraping import Target

ASKED_FOR_S = 3.0
AT_ONCE_MAX = 16


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One process's samples by name, each with its labels. `at` in monotonic seconds."""

    at: float
    samples: Mapping[str, Sequence[tuple[Mapping[str, str], float]]] = field(default_factory=dict)

    def values(self, name: str, **labels: str) -> Iterator[tuple[Mapping[str, str], float]]:
        """Samples that have these labels; a value that ends with `*` stands for all that begin so."""
        for found, value in self.samples.get(name, ()):
            if all(_fits(found.get(key, ""), wanted) for key, wanted in labels.items()):
                yield found, value

    def total(self, name: str, **labels: str) -> float | None:
        """The sum; None where there is no such sample."""
        found = [value for _, value in self.values(name, **labels)]
        return sum(found) if found else None


def read_text(text: str, at: float) -> Reading:
    """Raises ValueError for what is no exposition."""
    samples: dict[str, list[tuple[Mapping[str, str], float]]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            samples.setdefault(sample.name, []).append((sample.labels, sample.value))
    return Reading(at=at, samples=samples)


def ask(
    targets: Sequence[Target], now: Callable[[], float], tls: ssl.SSLContext | None = None
) -> list[Reading | None]:
    """`/metrics` of all of them at the same time; None for one that does not answer.

    With `tls` each proves by its certificate that it is of its group.
    """
    if not targets:
        return []
    with ThreadPoolExecutor(min(len(targets), AT_ONCE_MAX)) as threads:
        return list(threads.map(lambda target: _ask_one(target, now, tls), targets))


def rate(before: Reading | None, after: Reading | None, name: str, **labels: str) -> float | None:
    """Per second between two readings. A counter that fell began anew: it counts from zero."""
    if before is None or after is None or after.at <= before.at:
        return None
    rise = _rise(before, after, name, **labels)
    return None if rise is None else rise / (after.at - before.at)


def quantile(before: Reading | None, after: Reading | None, name: str, share: float) -> float | None:
    """The bound of the histogram's bucket in which that share of what came between is reached; None: nothing came.

    A bound, not a guess within the bucket; infinity beyond the last.
    """
    if before is None or after is None:
        return None
    buckets = f"{name}_bucket"
    texts = {labels["le"] for labels, _ in after.values(buckets)}
    bounds = {float(text): _rise(before, after, buckets, le=text) or 0.0 for text in texts}
    whole = bounds.get(math.inf, 0.0)
    if whole <= 0:
        return None
    return next(bound for bound in sorted(bounds) if bounds[bound] >= whole * share)


def _rise(before: Reading, after: Reading, name: str, **labels: str) -> float | None:
    earlier = {_key(found): value for found, value in before.values(name, **labels)}
    rises = []
    for found, value in after.values(name, **labels):
        was = earlier.get(_key(found), 0.0)
        rises.append(value - was if value >= was else value)
    return sum(rises) if rises else None


def _ask_one(target: Target, now: Callable[[], float], tls: ssl.SSLContext | None) -> Reading | None:
    host, _, port = target.address.rpartition(":")
    connection = http.client.HTTPConnection(host.strip("[]"), int(port), timeout=ASKED_FOR_S)
    try:
        connection.connect()
        if tls is not None:
            connection.sock = tls.wrap_socket(connection.sock, server_hostname=target.group)
        connection.request("GET", "/metrics")
        answer = connection.getresponse()
        text = answer.read().decode("utf-8")
        return read_text(text, now()) if answer.status == 200 else None
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()


def _fits(value: str, wanted: str) -> bool:
    return value.startswith(wanted[:-1]) if wanted.endswith("*") else value == wanted


def _key(labels: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(labels.items()))
