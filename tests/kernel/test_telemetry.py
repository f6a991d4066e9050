from __future__ import annotations

import json
import logging

import pytest
import structlog

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
