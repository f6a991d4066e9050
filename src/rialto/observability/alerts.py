"""When somebody must look. Each alert has a paragraph in docs/operations.md that says what to do.

`page`: customers are losing something now. `ticket`: within the day.
"""

from __future__ import annotations

from dataclasses import dataclass

RUNBOOK = "docs/operations.md"


@dataclass(frozen=True, kw_only=True)
class Alert:
    """`wait` is for how long `when` must hold, as Prometheus writes it."""

    name: str
    when: str
    wait: str
    severity: str
    summary: str

    @property
    def runbook(self) -> str:
        return f"{RUNBOOK}#{self.name.lower()}"


ALERTS = (
    Alert(
        name="RialtoGroupDown",
        when='sum by (group) (up{job=~"rialto-.*"}) == 0',
        wait="1m",
        severity="page",
        summary="No process of the group {{ $labels.group }} answers.",
    ),
    Alert(
        name="RialtoReplicaDown",
        when='up{job=~"rialto-.*"} == 0',
        wait="3m",
        severity="ticket",
        summary="{{ $labels.instance }} of the group {{ $labels.group }} does not answer.",
    ),
    Alert(
        name="RialtoOutboxStuck",
        when="max by (service) (rialto_outbox_oldest_seconds) > 60",
        wait="2m",
        severity="page",
        summary="Events of {{ $labels.service }} have not reached the bus for a minute.",
    ),
    Alert(
        name="RialtoConsumerBehind",
        when="min by (consumer) (min_over_time(rialto_bus_behind[10m])) > 1000",
        wait="5m",
        severity="ticket",
        summary="{{ $labels.consumer }} does not catch up with events.",
    ),
    Alert(
        name="RialtoSagaStuck",
        when="max by (after) (rialto_orders_unfinished_oldest_seconds) > 1200",
        wait="5m",
        severity="page",
        summary="An order has not moved for twenty minutes after {{ $labels.after }}.",
    ),
    Alert(
        name="RialtoReservationsOverdue",
        when="max(rialto_reservations_overdue_oldest_seconds) > 300",
        wait="5m",
        severity="ticket",
        summary="Stock is held beyond its time and cannot be sold.",
    ),
    Alert(
        name="RialtoDeadLetters",
        when="max by (service) (rialto_dead_letters) > 0",
        wait="10m",
        severity="ticket",
        summary="{{ $labels.service }} could not take in events; they are parked.",
    ),
    Alert(
        name="RialtoMailsStuck",
        when="max(rialto_mails_oldest_seconds) > 1800",
        wait="10m",
        severity="ticket",
        summary="Mails have waited for half an hour.",
    ),
    Alert(
        name="RialtoPaymentsUnknown",
        when='sum by (provider) (increase(rialto_provider_calls_seconds_count{outcome=~"unknown|unavailable"}[10m])) > 5',
        wait="2m",
        severity="page",
        summary="The payment provider {{ $labels.provider }} does not answer.",
    ),
    Alert(
        name="RialtoPoolSaturated",
        # Background work shares the bus's connections and waits for them by design.
        when='sum by (instance, service) (rate(rialto_pool_waited_seconds_total{service!~"bus|documents"}[5m])) > 1',
        wait="5m",
        severity="ticket",
        summary="At {{ $labels.instance }} somebody always waits for a connection of {{ $labels.service }}.",
    ),
    Alert(
        name="RialtoLineFull",
        when="max by (instance, line) (rialto_line_waiting / rialto_line_limit) > 0.8",
        wait="1m",
        severity="page",
        summary="The line for {{ $labels.line }} at {{ $labels.instance }} is nearly full; more will be refused.",
    ),
    Alert(
        name="RialtoCallsRefused",
        when="sum by (to) (increase(rialto_bulkhead_refused_total[5m])) > 10",
        wait="1m",
        severity="ticket",
        summary="Calls to {{ $labels.to }} are refused, since too many wait.",
    ),
    Alert(
        name="RialtoBreakerOpen",
        # What keeps failing tries in between: open at some scrape of two minutes is open still.
        when="max_over_time(rialto_breaker_state[2m]) == 2",
        wait="3m",
        severity="ticket",
        summary="{{ $labels.instance }} does not call {{ $labels.to }} after failures.",
    ),
    Alert(
        name="RialtoLoopsFailing",
        when="sum by (where) (rate(rialto_failures_total[5m])) > 0.05",
        wait="10m",
        severity="ticket",
        summary="Background work fails again and again: {{ $labels.where }}.",
    ),
    Alert(
        name="RialtoEventLoopSlow",
        when="rialto_loop_lag_seconds > 0.5",
        wait="5m",
        severity="ticket",
        summary="{{ $labels.instance }} keeps every request waiting: its event loop is late.",
    ),
    Alert(
        name="RialtoSearchBehind",
        when="rialto_feed_age_seconds > 60",
        wait="2m",
        severity="ticket",
        summary="What {{ $labels.instance }} shows of the catalogue is older than a minute.",
    ),
    Alert(
        name="RialtoKeyValuesAway",
        when="max(rialto_key_values_resting) == 1",
        wait="5m",
        severity="ticket",
        summary="The key-value server fails; processes count and keep pages each for itself.",
    ),
    Alert(
        name="RialtoNumbersMissing",
        when='absent(rialto_outbox_waiting{service="orders"})',
        wait="5m",
        severity="ticket",
        summary="Nobody can say how many events wait: the database does not answer a scrape.",
    ),
)
