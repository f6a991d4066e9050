"""What the shop promises, and how much of it may be broken: service level objectives (ADR 19).

An objective counts events that are good or bad; its budget is the share of bad ones that is allowed over thirty days. A kept
page that is answered before the framework is counted apart (`rialto_cached_answers_total`), always good, and fast.
"""

from __future__ import annotations

from dataclasses import dataclass

# Patterns of routes as `rialto_requests_total` names them; a dot stands for a brace. A test holds them against the routes.
PRODUCT = "/.lang:str./p/.slug:str.|/v1/products/.ref:str."
BROWSING = "/.lang:str.(/(c|collections|p)/.slug:str.|/search)?|/v1/(categories|collections|suggest|products(/.ref:str.)?)"
# An order is started, continued or looked at after the provider's page. What is before it (address, delivery) loses nothing.
BUYING = "/v1/checkout(/.order_id:str./continue)?|/.lang:str./checkout/(place|return/.order_id:str.)"


@dataclass(frozen=True, kw_only=True)
class Slo:
    """`bad` and `total` are PromQL rates over `{window}`; `budget` is the share that may be bad."""

    name: str
    title: str
    budget: float
    bad: str
    total: str


def rate(metric: str, matchers: str = "") -> str:
    """The sum over all processes; nothing counted yet is zero."""
    return f"(sum(rate({metric}{{{matchers}}}[{{window}}])) or vector(0))"


def availability(name: str, title: str, routes: str, *, budget: float) -> Slo:
    """Bad is an answer that says the shop's fault (5xx)."""
    chosen = f'route=~"{routes}"'
    status = 'status=~"5.."'
    return Slo(
        name=name,
        title=title,
        budget=budget,
        bad=rate("rialto_requests_total", f"{chosen},{status}"),
        total=_answers("rialto_requests_total", chosen),
    )


def latency(name: str, title: str, routes: str, *, within_s: float, budget: float) -> Slo:
    """Bad is an answer that took longer; `within_s` is a bound of the histogram's buckets."""
    chosen = f'route=~"{routes}"'
    count = rate("rialto_request_seconds_count", chosen)
    fast = rate("rialto_request_seconds_bucket", f'{chosen},le="{within_s}"')
    return Slo(
        name=name,
        title=title,
        budget=budget,
        bad=f"{count}\n- {fast}",
        total=_answers("rialto_request_seconds_count", chosen),
    )


def _answers(metric: str, chosen: str) -> str:
    hits = f'outcome="hit",{chosen}'
    return f"{rate(metric, chosen)}\n+ {rate('rialto_cached_answers_total', hits)}"


SLOS = (
    availability("browse-availability", "99.95 % of browsing is answered", BROWSING, budget=0.0005),
    latency("browse-latency", "99 % of browsing within 300 ms", BROWSING, within_s=0.3, budget=0.01),
    availability("checkout-availability", "99.9 % of buying is answered", BUYING, budget=0.001),
    latency("checkout-latency", "99 % of buying within 1.5 s", BUYING, within_s=1.5, budget=0.01),
    Slo(
        name="event-delivery",
        title="99 % of events are taken in within 1 s",
        budget=0.01,
        bad=f"""{rate("rialto_event_delivery_seconds_count")}
- {rate("rialto_event_delivery_seconds_bucket", 'le="1.0"')}""",
        total=rate("rialto_event_delivery_seconds_count"),
    ),
)
