"""What a look at something found."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from rialto.kernel.service import Frozen


class State(StrEnum):
    OK = "ok"
    WARN = "warn"  # it runs, and somebody should know
    FAIL = "fail"  # it does not run, or will not for long


class Check(Frozen):
    """`text` is what was found, `advice` what to do about it; a check that is ok needs none."""

    name: str
    state: State
    text: str
    advice: str = ""


def ok(name: str, text: str) -> Check:
    return Check(name=name, state=State.OK, text=text)


def warn(name: str, text: str, advice: str) -> Check:
    return Check(name=name, state=State.WARN, text=text, advice=advice)


def fail(name: str, text: str, advice: str) -> Check:
    return Check(name=name, state=State.FAIL, text=text, advice=advice)


def has_failed(checks: Iterable[Check]) -> bool:
    return any(check.state is State.FAIL for check in checks)


def line(check: Check) -> str:
    advice = f" {check.advice}" if check.advice else ""
    return f"{check.state:<5} {check.name:<14} {check.text}{advice}"
