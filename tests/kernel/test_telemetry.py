from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import structlog
from prometheus_client.core import GaugeMetricFamily

from rialto.kernel.events import Envelope
from rialto.kernel.telemetry import REDACTED, Metrics, configure_logs, redact

pytestmark = pytest.mark.fast


def test_personal_and_secret_values_are_hidden() -> None:
    event = {"event": "signed in", "email": "ada@example.org", "order": "ord_1", "token": "t"}
    assert redact(None, "info", event) == {
        "event": "signed in",
        "email": "[hidden]",
        "order": "ord_1",
        "token": "[hidden]",
    }


@pytest.mark.parametrize("key", sorted(REDACTED))
def test_every_listed_key_is_hidden(key: str) -> None:
    assert redact(None, "info", {key: "Ada"}) == {key: "[hidden]"}


def test_what_is_nested_or_written_large_is_hidden_too() -> None:
    event = {
        "shipping": {"name": "Ada", "country": "DE"},
        "mails": [{"to": "a@b"}],
        "Authorization": "Bearer x",
    }
    assert redact(None, "info", event) == {
        "shipping": {"name": "[hidden]", "country": "DE"},
        "mails": [{"to": "[hidden]"}],
        "Authorization": "[hidden]",
    }


@pytest.mark.parametrize("as_json", [True, False])
def test_logs_are_one_line_an_event_without_what_must_not_stand_there(
    capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    before = structlog.get_config()
    handlers = logging.getLogger().handlers[:]
    try:
        configure_logs("info", json=as_json)
        log = structlog.get_logger("test")
        log.debug("not shown")
        log.info("mail sent", to="ada@example.org", order="ord_1")
    finally:
        structlog.configure(**before)
        logging.getLogger().handlers[:] = handlers
    written = capsys.readouterr().err
    assert written.count("\n") == 1
    assert "ada@" not in written
    assert "not shown" not in written
    if as_json:
        assert json.loads(written)["order"] == "ord_1"


def test_metrics_belong_to_one_app_and_print_as_text() -> None:
    one, other = Metrics(), Metrics()
    one.failures.labels("relay").inc()
    assert b'rialto_failures_total{where="relay"} 1.0' in one.text()
    assert b'where="relay"' not in other.text()


def envelope(kind: str, at: datetime) -> Envelope:
    return Envelope(
        service="bakery",
        bucket=0,
        stream=UUID(int=1),
        version=1,
        type=kind,
        schema_version=1,
        body=b"{}",
        meta=b"{}",
        at=at,
    )


def test_events_are_counted_by_type_and_by_how_long_they_took() -> None:
    metrics, now = Metrics(), datetime(2026, 1, 1, tzinfo=UTC)
    early, ahead = (envelope("bakery.baked", now + timedelta(seconds=s)) for s in (-2.0, 0.5))
    metrics.count_published([early, ahead])
    metrics.count_taken_in("cellar", [early, ahead], now)
    value = metrics.registry.get_sample_value
    assert value("rialto_events_published_total", {"type": "bakery.baked"}) == 2
    assert value("rialto_events_total", {"step": "consumed"}) == 2
    # A clock that is ahead makes no event arrive before it was sent.
    assert value("rialto_event_delivery_seconds_sum", {"consumer": "cellar"}) == 2.0
    assert value("rialto_event_delivery_seconds_bucket", {"consumer": "cellar", "le": "1.0"}) == 1


def test_what_was_read_for_a_scrape_is_in_its_answer_and_not_kept() -> None:
    metrics = Metrics()
    family = GaugeMetricFamily("rialto_moon", "How full it is.", value=0.5)
    assert b"rialto_moon 0.5" in metrics.text([family])
    assert b"rialto_moon" not in metrics.text()
