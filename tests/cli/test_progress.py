"""What a person reads while the shop starts."""

from __future__ import annotations

import io

import pytest

from rialto.cli.progress import Bar, Progress

pytestmark = pytest.mark.fast


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def ticking(*seconds: float) -> Progress:
    times = iter(seconds)
    return Progress(lambda: next(times), io.StringIO())


def test_plain_line_says_the_step_and_its_seconds() -> None:
    progress = ticking(10.0, 11.25)
    with progress.step("Database"):
        progress.note("Creating the database")
    assert isinstance(progress._out, io.StringIO)
    assert progress._out.getvalue() == "  Creating the database\n- Database (1.2 s)\n"


def test_failed_step_is_not_reported_as_done() -> None:
    progress = ticking(1.0, 2.0)
    with pytest.raises(ValueError, match="boom"), progress.step("Database"):
        raise ValueError("boom")
    assert isinstance(progress._out, io.StringIO)
    assert progress._out.getvalue() == ""


def test_terminal_line_is_cleared_before_the_result() -> None:
    out = _Terminal()
    with Progress(lambda: 0.0, out).step("Database"):
        pass
    assert out.getvalue().endswith("\r\x1b[2K\r\x1b[2K✓ Database (0.0 s)\n")


def test_closed_output_does_not_end_the_shop() -> None:
    out = io.StringIO()
    progress = Progress(lambda: 0.0, out)
    out.close()
    progress.note("nobody reads this")


def test_terminal_without_unicode_gets_a_substitute() -> None:
    raw = io.BytesIO()
    terminal = io.TextIOWrapper(raw, encoding="ascii")
    Progress(lambda: 0.0, terminal).note("Größe")
    assert raw.getvalue() == b"  Gr??e\n"


def test_a_bar_in_a_file_says_each_tenth_once() -> None:
    out = io.StringIO()
    now = iter(range(100))
    bar = Bar("Products", 200, lambda: float(next(now)), out)
    for done in (10, 20, 25, 40, 200):
        bar.advance(done)
    assert [line.partition(" (")[0] for line in out.getvalue().splitlines()] == [
        "Products 20 of 200",
        "Products 40 of 200",
        "Products 200 of 200",
    ]


def test_a_bar_on_a_terminal_fills_and_ends_its_line() -> None:
    out = _Terminal()
    now = iter(range(100))
    bar = Bar("Products", 200, lambda: float(next(now)), out)
    bar.advance(100)
    assert "█" * 15 + "░" * 15 in out.getvalue()
    assert "left" in out.getvalue()
    bar.advance(200)
    assert out.getvalue().endswith("s\n")
