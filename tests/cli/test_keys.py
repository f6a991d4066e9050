"""`rialto keys rotate` on a file: what is written, and what is refused."""

from __future__ import annotations

import argparse
import stat
from pathlib import Path

import pytest

from rialto.cli import keys
from rialto.engines.processes import CannotStart, FolderLock
from rialto.kernel.clock import ManualClock
from rialto.kernel.secrets import SecretsBroken, load_or_make_secrets, read_secrets
from rialto.kernel.settings import Settings
from tests.support.values import seeded_ids, settings_in

pytestmark = pytest.mark.fast


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path)


def options(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    keys.add_arguments(parser)
    return parser.parse_args(["rotate", *arguments])


def test_other_keys_are_in_the_file_and_the_former_one_is_accepted_for_its_time(settings: Settings) -> None:
    clock = ManualClock()
    before = load_or_make_secrets(settings.secret_file, seeded_ids())
    after = keys.rotate(options(), settings, seeded_ids(2), clock)
    assert read_secrets(settings.secret_file) == after
    assert stat.S_IMODE(settings.secret_file.stat().st_mode) == 0o600
    assert after.signing_key != before.signing_key
    assert after.root == before.root
    [former] = after.former_signing_keys
    assert (former.until - clock.now()).total_seconds() == keys.ACCEPTED_S > 600
    at_once = keys.rotate(options("--accept-former", "0"), settings, seeded_ids(3), clock)
    assert at_once.former_signing_keys == ()


def test_nothing_is_written_when_it_cannot_be_right(settings: Settings) -> None:
    clock = ManualClock()
    with pytest.raises(SecretsBroken):
        keys.rotate(options(), settings, seeded_ids(2), clock)
    assert not settings.secret_file.exists()
    before = load_or_make_secrets(settings.secret_file, seeded_ids())
    with pytest.raises(CannotStart, match="from 0"):
        keys.rotate(options("--accept-former", "-1"), settings, seeded_ids(2), clock)
    lock = FolderLock(settings.data / "run" / "keys.lock")
    assert lock.acquire()
    with pytest.raises(CannotStart, match="just being rotated"):
        keys.rotate(options(), settings, seeded_ids(2), clock)
    lock.release()
    assert read_secrets(settings.secret_file) == before
