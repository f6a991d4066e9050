"""What would be started for given settings; nothing is."""

from __future__ import annotations

import argparse
import random
import stat
from pathlib import Path

import msgspec
import pytest

from rialto.cli.plan import add_arguments, environment_with, plan_of, write_sandbox_keys
from rialto.cli.progress import Progress
from rialto.cli.run import Hooks, run_command
from rialto.kernel.clock import ManualClock
from rialto.kernel.ids import RandomIds
from rialto.kernel.secrets import make_secrets
from rialto.kernel.settings import Settings, read_settings
from rialto.sandbox.http import Keys

pytestmark = pytest.mark.fast


def options(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(arguments)


def settings(data: Path, **environment: str) -> Settings:
    return read_settings(environment, data_default=data)


def no_hooks(_: Settings) -> Hooks:
    raise AssertionError("nothing may be prepared before the settings are right")


def test_option_wins_over_the_environment_and_reaches_the_children(tmp_path: Path) -> None:
    environment = environment_with(
        options("--port", "9000", "--workers", "2"), {"RIALTO_PORT": "1", "HOME": "/h"}
    )
    plan = plan_of(read_settings(environment, data_default=tmp_path), environment)
    assert (plan.port, plan.workers) == (9000, 2)
    assert plan.environment == {
        "RIALTO_PORT": "9000",
        "RIALTO_WORKERS": "2",
        "HOME": "/h",
        "RIALTO_DATA": str(tmp_path),
    }


def test_wrong_setting_is_one_sentence_and_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(options("--port", "nine"), {}, no_hooks, Progress(lambda: 0.0)) == 2
    errors = capsys.readouterr().err
    assert "RIALTO_PORT" in errors
    assert errors.count("\n") == 1


@pytest.mark.parametrize(
    ("host", "reached"), [("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("192.0.2.1", "192.0.2.1")]
)
def test_sandbox_is_told_where_the_shop_is_reached(tmp_path: Path, host: str, reached: str) -> None:
    command = plan_of(settings(tmp_path, RIALTO_HOST=host), {}).sandbox
    assert f"http://{reached}:8000/v1/payments/webhooks/sandbox" in command


def test_sandbox_can_read_the_keys_it_is_given(tmp_path: Path) -> None:
    secrets = make_secrets(RandomIds(ManualClock(), random.Random(7)))
    write_sandbox_keys(settings(tmp_path), secrets)
    write_sandbox_keys(settings(tmp_path), secrets)
    file = tmp_path / "sandbox" / "keys.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert msgspec.json.decode(file.read_bytes(), type=Keys).secret_key == secrets.sandbox_secret_key
