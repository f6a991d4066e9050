from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from rialto.sandbox.books import Books
from rialto.sandbox.errors import Refused, Unavailable
from tests.sandbox.builders import Shop, a_card, an_authorisation

CARDS_LIFE = """
import sys
from tests.sandbox.builders import Shop
shop = Shop(sys.argv[1])
while True:
    intent = shop.intent()
    shop.capture(intent.id, 600)
    shop.refund(intent.id, 100)
    print(intent.id, flush=True)
"""


@pytest.mark.fast
@pytest.mark.parametrize(
    "change",
    [
        "captured = amount + 1",
        "captured = 600, voided = 500",
        "refunded = 1",
        "amount = 0",
        "captured = -1",
        "state = 'declined', captured = 1",
    ],
)
def test_the_database_itself_refuses_amounts_out_of_order(change: str) -> None:
    shop = Shop()
    shop.intent()
    with pytest.raises(sqlite3.IntegrityError):
        shop.books.execute(f"UPDATE intents SET {change}")


@pytest.mark.fast
@pytest.mark.parametrize("sql", ["UPDATE movements SET amount = 1", "DELETE FROM movements"])
def test_a_movement_is_never_changed_or_deleted(sql: str) -> None:
    shop = Shop()
    shop.capture(shop.intent().id, 500)
    with pytest.raises(sqlite3.IntegrityError, match="never"):
        shop.books.execute(sql)


@pytest.mark.fast
def test_a_movement_without_its_amount_in_the_intent_is_refused_by_the_database() -> None:
    shop = Shop()
    shop.capture(shop.intent().id, 500)
    columns = "kind, intent_id, reference, idempotency_key, debit, credit, amount, currency, created_at"
    with pytest.raises(sqlite3.IntegrityError, match="do not equal"):
        shop.books.execute(f"INSERT INTO movements (id, {columns}) SELECT 'txn_x', {columns} FROM movements")


@pytest.mark.fast
def test_the_audit_names_an_intent_that_was_tampered_with() -> None:
    shop = Shop()
    intent = shop.intent()
    shop.books.execute("UPDATE intents SET captured = 5, state = 'partially_captured'")
    assert shop.books.audit() == [intent.id]


@pytest.mark.fast
def test_an_inner_unit_is_undone_alone() -> None:
    books = Books()
    add = "INSERT INTO tokens (id, brand, last4, behaviour, expires_at) VALUES (?, 'V', '0000', 's', 1)"
    with books.unit():
        books.execute(add, ("kept",))
        with pytest.raises(sqlite3.IntegrityError), books.unit():
            books.connection.executemany(add, [("undone",), ("kept",)])
    assert books.execute("SELECT id FROM tokens").fetchall() == [("kept",)]


def fill(shop: Shop) -> None:
    for _ in range(10_000):
        shop.intent()


def test_a_full_disk_refuses_the_operation_and_corrupts_nothing(tmp_path: Path) -> None:
    shop = Shop(str(tmp_path / "books"))
    intent = shop.intent()
    pages = shop.books.execute("PRAGMA page_count").fetchone()[0]
    shop.books.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(Unavailable):
        fill(shop)
    shop.books.execute("PRAGMA max_page_count = 100000")
    assert shop.sandbox.get(intent.id) == intent
    assert shop.capture(intent.id, 1000).state == "captured"
    assert shop.books.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.fast
def test_books_that_are_no_database_are_refused_plainly(tmp_path: Path) -> None:
    path = tmp_path / "books"
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(Unavailable, match="cannot be opened"):
        Books(str(path))


@pytest.mark.fast
def test_everything_is_there_after_reopening(tmp_path: Path) -> None:
    shop = Shop(str(tmp_path / "books"))
    intent = shop.intent()
    captured = shop.capture(intent.id, 600, key="c")
    token = shop.sandbox.create_token(a_card())
    shop.intent(token.token)
    shop.books.close()
    again = Shop(str(tmp_path / "books"), seed=2)
    assert again.sandbox.get(intent.id) == captured == again.capture(intent.id, 600, key="c")
    assert again.events().count("authorised") == 2
    with pytest.raises(Refused, match="token_used"):
        again.sandbox.authorise("k2", an_authorisation(token.token))


@pytest.mark.crash
def test_nothing_acknowledged_is_lost_when_the_process_is_killed(tmp_path: Path) -> None:
    path = str(tmp_path / "books")
    with subprocess.Popen(
        [sys.executable, "-c", CARDS_LIFE, path], stdout=subprocess.PIPE, cwd=Path.cwd(), text=True
    ) as process:
        assert process.stdout is not None
        acknowledged = [process.stdout.readline().strip() for _ in range(40)]
        os.kill(process.pid, signal.SIGKILL)
        acknowledged += process.stdout.read().splitlines()
    shop = Shop(path, seed=2)
    assert shop.books.audit() == []
    for intent_id in filter(None, acknowledged):
        view = shop.sandbox.get(intent_id)
        assert (view.captured_amount, view.refunded_amount) == (600, 100)
