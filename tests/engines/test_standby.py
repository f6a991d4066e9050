"""A streaming replica of the embedded server on real processes: made, killed, left behind, made anew."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from rialto.engines.processes import CannotStart
from rialto.kernel.errors import Unavailable
from tests.support.replicas import Pair, a_primary_with_replica, ask


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with a_primary_with_replica() as pair:
        yield pair


def test_what_is_committed_is_read_at_the_replica(pair: Pair) -> None:
    pair.ask_primary("CREATE TABLE seen (id int)", "INSERT INTO seen VALUES (1)", "SELECT 1")
    pair.catch_up()
    assert pair.ask_replica("SELECT count(*) FROM seen") == 1
    assert pair.ask_replica("SHOW transaction_read_only") == "on"


def test_what_is_paused_shows_nothing_new(pair: Pair) -> None:
    pair.ask_primary("CREATE TABLE later (id int)", "SELECT 1")
    pair.catch_up()
    with pair.paused():
        pair.ask_primary("INSERT INTO later VALUES (1)", "SELECT 1")
        assert pair.ask_replica("SELECT count(*) FROM later") == 0
    pair.catch_up()
    assert pair.ask_replica("SELECT count(*) FROM later") == 1


def test_a_killed_replica_catches_up_where_it_was(pair: Pair) -> None:
    pair.kill()
    assert not pair.standby.is_running()
    pair.ask_primary("CREATE TABLE meanwhile AS SELECT 1 AS id", "SELECT 1")
    made = (pair.standby.data / "postgres" / "PG_VERSION").stat().st_ino
    pair.start()
    pair.catch_up()
    assert pair.ask_replica("SELECT count(*) FROM meanwhile") == 1
    assert (pair.standby.data / "postgres" / "PG_VERSION").stat().st_ino == made


def test_one_that_fell_too_far_behind_is_made_anew(pair: Pair) -> None:
    pair.kill()
    leave_behind(pair)
    assert slot(pair) == "lost"
    pair.start()
    pair.catch_up()
    assert pair.ask_replica("SELECT max(id) FROM much") == 7
    assert slot(pair) == "reserved"


def test_a_running_one_whose_log_is_gone_is_made_anew_at_its_next_start(pair: Pair) -> None:
    """It cannot know while it hangs; what it says afterwards is enough."""
    pair.freeze()
    pair.ask_primary("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots")
    leave_behind(pair)
    pair.thaw()
    pair.start()
    pair.catch_up()
    assert slot(pair) == "reserved"


def test_a_slot_that_is_gone_is_no_reason_to_stay_away(pair: Pair) -> None:
    pair.stop()
    pair.ask_primary("SELECT pg_drop_replication_slot('rialto_replica')")
    pair.start()
    pair.catch_up()
    assert slot(pair) == "reserved"


def test_a_copy_that_was_cut_off_is_made_again(pair: Pair) -> None:
    pair.stop()
    folder = pair.standby.data / "postgres"
    (half := folder.with_name("postgres.new-half")).mkdir()
    (folder / "global" / "pg_control").unlink()
    pair.start()
    pair.catch_up()
    assert not half.exists()


def test_the_role_for_the_log_reads_nothing_and_needs_its_password(pair: Pair) -> None:
    role = pair.primary.as_user("rialto_replication", "for-the-log")
    assert not asyncio.run(ask(role, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"))
    with pytest.raises(Unavailable):
        asyncio.run(ask(role.as_user("rialto_replication", "guessed"), "SELECT 1"))
    with pytest.raises(Exception, match="permission denied"):
        asyncio.run(ask(role, "SELECT count(*) FROM pg_authid"))


def test_without_the_database_it_says_so_and_keeps_what_it_has(pair: Pair) -> None:
    pair.stop()
    pair.server.stop()
    with pytest.raises(CannotStart, match="The replica could not be made"):
        pair.start()
    pair.server.ensure_running()
    pair.start()
    pair.catch_up()


def test_one_that_was_made_a_database_of_its_own_is_left_alone(pair: Pair) -> None:
    """Whoever promoted it after a loss has the only copy there."""
    pair.ask_replica("SELECT pg_promote()")
    pair.ask_replica("CREATE TABLE its_own AS SELECT 1 AS id", "SELECT 1")
    pair.stop()
    with pytest.raises(CannotStart, match="made a database of its own"):
        pair.start()
    assert (pair.standby.data / "postgres" / "PG_VERSION").exists()


def leave_behind(pair: Pair) -> None:
    """More is written than the database keeps for a replica."""
    pair.ask_primary("ALTER SYSTEM SET max_slot_wal_keep_size = '4MB'", "SELECT pg_reload_conf()")
    pair.ask_primary("DROP TABLE IF EXISTS much", "CREATE TABLE much (id int)", "SELECT 1")
    for number in range(8):
        pair.ask_primary(f"INSERT INTO much VALUES ({number})", "SELECT pg_switch_wal()")
    pair.ask_primary("CHECKPOINT", "ALTER SYSTEM RESET max_slot_wal_keep_size", "SELECT pg_reload_conf()")


def slot(pair: Pair) -> object:
    return pair.ask_primary("SELECT wal_status FROM pg_replication_slots WHERE slot_name = 'rialto_replica'")
