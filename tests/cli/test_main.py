"""The commands as such: what each is given to work with."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

import pytest

from rialto.cli.main import _shop_work

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    "command",
    ["seed", "import", "export", "promotions", "user", "keys", "maintenance", "audit", "events", "rebuild"],
)
def test_each_command_gets_services_with_all_that_they_need(command: str) -> None:
    services, _ = _shop_work(Namespace(command=command))
    there: set[type[Any]] = set()
    for service in services:
        assert set(service.needs) <= there, service.name
        there.add(service.api)
