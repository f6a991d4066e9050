"""The dashboards: an overview, buying, engines, events. Every query answers on a shop that runs (tests/deploy).

What every replica reads from the same database (outboxes, orders on their way, reservations, mails) is shown as its maximum,
never as a sum.
"""

from __future__ import annotations

from collections.abc import Mapping

from rialto.observability.panels import Dashboard, Panel, Query, curve, number, render_dashboard
from rialto.observability.rules import RATIO
from rialto.observability.slos import SLOS

_HITS = 'sum(rate(rialto_cached_answers_total{outcome="hit"}[5m]))'
_QUANTILE = "histogram_quantile({share}, sum by (le) (rate(rialto_request_seconds_bucket[5m])))"

OVERVIEW = Dashboard(
    name="overview",
    title="Rialto: overview",
    panels=(
        number("Answers a second", f"sum(rate(rialto_requests_total[5m])) + {_HITS}", unit="reqps"),
        number(
            "Share of failed answers",
            '(sum(rate(rialto_requests_total{status=~"5.."}[5m])) or vector(0))'
            f" / (sum(rate(rialto_requests_total[5m])) + {_HITS})",
            unit="percentunit",
        ),
        number("p99 of what was not kept", _QUANTILE.format(share="0.99"), unit="s"),
        number("Orders a minute", 'sum(rate(rialto_events_published_total{type="orders.placed"}[5m])) * 60'),
        curve(
            "Answers by route",
            "topk(10, sum by (route) (rate(rialto_requests_total[5m])))",
            "{{route}}",
            unit="reqps",
        ),
        Panel(
            title="Time to answer",
            unit="s",
            queries=tuple(
                Query(promql=_QUANTILE.format(share=share), legend=f"p{name}")
                for share, name in (("0.5", "50"), ("0.95", "95"), ("0.99", "99"))
            ),
        ),
        curve(
            "Answers by status",
            "sum by (status) (rate(rialto_requests_total[5m]))",
            "{{status}}",
            unit="reqps",
        ),
        curve(
            "Slowest routes, p99",
            "topk(10, histogram_quantile(0.99, sum by (le, route) (rate(rialto_request_seconds_bucket[5m]))))",
            "{{route}}",
            unit="s",
        ),
        Panel(
            title="Bad share against the budget (1: as fast as it lasts thirty days)",
            queries=tuple(
                Query(promql=f'{RATIO}1h{{slo="{slo.name}"}} / {slo.budget:g}', legend=slo.name)
                for slo in SLOS
            ),
        ),
        curve("Being answered now", "sum by (instance) (rialto_requests_in_flight)", "{{instance}}"),
        curve(
            "CPU",
            "sum by (instance) (rate(rialto_process_cpu_seconds_total[5m]))",
            "{{instance}}",
            unit="short",
        ),
        curve("Memory", "sum by (instance) (rialto_process_resident_bytes)", "{{instance}}", unit="bytes"),
        curve("Event loop late", "max by (instance) (rialto_loop_lag_seconds)", "{{instance}}", unit="s"),
        curve("Processes that answer", 'sum by (group) (up{job=~"rialto-.*"})', "{{group}}"),
        curve("Versions", "count by (version, group) (rialto_build_info)", "{{group}} {{version}}"),
        curve(
            "Failures in background work",
            "sum by (where) (rate(rialto_failures_total[5m])) or vector(0)",
            "{{where}}",
            unit="ops",
        ),
    ),
)

BUYING = Dashboard(
    name="buying",
    title="Rialto: buying",
    panels=(
        curve("From looking to buying, a second", "rialto:funnel:rate5m", "{{step}}", unit="ops"),
        curve(
            "Share of begun checkouts that become orders",
            'rialto:funnel:rate5m{step="order_placed"} / on() rialto:funnel:rate5m{step="checkout_begun"}',
            unit="percentunit",
        ),
        curve(
            "Checkouts by outcome",
            'sum by (outcome) (rate(rialto_operations_total{service="orders",operation=~"checkout|resume"}[5m]))',
            "{{outcome}}",
            unit="ops",
        ),
        curve(
            "Refusals for lack of stock",
            'sum by (service, operation) (rate(rialto_operations_total{outcome="out_of_stock"}[5m])) or vector(0)',
            "{{service}}.{{operation}}",
            unit="ops",
        ),
        curve(
            "Payments by outcome",
            'sum by (outcome) (rate(rialto_operations_total{service="payments",operation="authorise"}[5m]))',
            "{{outcome}}",
            unit="ops",
        ),
        curve(
            "Calls to the provider",
            "sum by (call, outcome) (rate(rialto_provider_calls_seconds_count[5m]))",
            "{{call}} {{outcome}}",
            unit="ops",
        ),
        curve(
            "Provider, p99",
            "histogram_quantile(0.99, sum by (le, call) (rate(rialto_provider_calls_seconds_bucket[5m])))",
            "{{call}}",
            unit="s",
        ),
        curve(
            "Unknown outcomes at the provider",
            'sum(rate(rialto_provider_calls_seconds_count{outcome=~"unknown|unavailable"}[5m])) or vector(0)',
            unit="ops",
        ),
        curve(
            "Orders on their way, by their last event",
            "max by (after) (rialto_orders_unfinished)",
            "{{after}}",
        ),
        curve(
            "The one that waits longest",
            "max by (after) (rialto_orders_unfinished_oldest_seconds)",
            "{{after}}",
            unit="s",
        ),
        Panel(
            title="Reservations",
            queries=(
                Query(promql="max(rialto_reservations_held)", legend="held"),
                Query(promql="max(rialto_reservations_overdue)", legend="beyond their time"),
            ),
        ),
        curve("Held too long, the oldest", "max(rialto_reservations_overdue_oldest_seconds)", unit="s"),
    ),
)

ENGINES = Dashboard(
    name="engines",
    title="Rialto: engines",
    panels=(
        curve(
            "Connections in use, of those allowed",
            "sum by (service) (rialto_pool_in_use) / sum by (service) (rialto_pool_limit)",
            "{{service}}",
            unit="percentunit",
        ),
        curve(
            "Waiting for a connection, on average",
            "sum by (service) (rate(rialto_pool_waited_seconds_total[5m]))",
            "{{service}}",
        ),
        curve("Open connections", "sum by (instance) (rialto_pool_open)", "{{instance}}"),
        curve("Who waits now", "sum by (service) (rialto_pool_waiting)", "{{service}}"),
        curve("In line: commits, passwords", "sum by (line) (rialto_line_waiting)", "{{line}}"),
        curve(
            "How full the lines are",
            "max by (line) (rialto_line_waiting / rialto_line_limit)",
            "{{line}}",
            unit="percentunit",
        ),
        curve("Breakers (2: refused at once)", "max by (to) (rialto_breaker_state)", "{{to}}"),
        Panel(
            title="Calls under way to dependencies",
            queries=(
                Query(promql="sum by (to) (rialto_bulkhead_running)", legend="{{to}} running"),
                Query(promql="sum by (to) (rialto_bulkhead_waiting)", legend="{{to}} waiting"),
            ),
        ),
        curve(
            "Kept pages: share of hits",
            f"{_HITS} / sum(rate(rialto_cached_answers_total[5m]))",
            unit="percentunit",
        ),
        curve(
            "Kept pages by outcome",
            "sum by (outcome) (rate(rialto_cached_answers_total[5m]))",
            "{{outcome}}",
            unit="reqps",
        ),
        curve(
            "Key-value server",
            "sum by (outcome) (rate(rialto_key_values_total[5m])) or vector(0)",
            "{{outcome}}",
            unit="ops",
        ),
        curve(
            "Calls between processes",
            "sum by (service, outcome) (rate(rialto_calls_seconds_count[5m])) or vector(0)",
            "{{service}} {{outcome}}",
            unit="ops",
        ),
        curve(
            "Search index and kept pages are as of",
            "max by (instance) (rialto_feed_age_seconds)",
            "{{instance}}",
            unit="s",
        ),
        curve(
            "Operations by service",
            "sum by (service) (rate(rialto_operations_total[5m]))",
            "{{service}}",
            unit="ops",
        ),
    ),
)

EVENTS = Dashboard(
    name="events",
    title="Rialto: events",
    panels=(
        curve("Waiting for the relay", "max by (service) (rialto_outbox_waiting)", "{{service}}"),
        curve(
            "The oldest event waiting",
            "max by (service) (rialto_outbox_oldest_seconds)",
            "{{service}}",
            unit="s",
        ),
        curve(
            "Published, by type",
            "sum by (type) (rate(rialto_events_published_total[5m]))",
            "{{type}}",
            unit="ops",
        ),
        curve(
            "Published and taken in", "sum by (step) (rate(rialto_events_total[5m]))", "{{step}}", unit="ops"
        ),
        curve("Consumers behind", "max by (consumer) (rialto_bus_behind)", "{{consumer}}"),
        curve(
            "From commit to effect, p99",
            "histogram_quantile(0.99, sum by (le, consumer) (rate(rialto_event_delivery_seconds_bucket[5m])))",
            "{{consumer}}",
            unit="s",
        ),
        curve("Parked events", "max by (service) (rialto_dead_letters)", "{{service}}"),
        curve("Jobs", "sum by (job) (rate(rialto_job_items_total[5m]))", "{{job}}", unit="ops"),
        Panel(
            title="Mails to be sent",
            queries=(Query(promql="max(rialto_mails_waiting)", legend="waiting"),),
        ),
        curve("The oldest mail", "max(rialto_mails_oldest_seconds)", unit="s"),
    ),
)

DASHBOARDS = (OVERVIEW, BUYING, ENGINES, EVENTS)


def render_dashboards() -> Mapping[str, str]:
    """Grafana's files by their names."""
    return {f"{dashboard.name}.json": render_dashboard(dashboard) for dashboard in DASHBOARDS}
