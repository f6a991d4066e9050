"""Another package's engines: a distribution in a folder on the path, found by name, and what is said when it is not."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from rialto.engines.choice import ENGINES, choose_engines
from rialto.importing.importers import IMPORTERS, find_importer, importer_names
from rialto.kernel.clock import ManualClock
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.extensions import (
    ExtensionBroken,
    ExtensionUnknown,
    Surroundings,
    extension_names,
    find_extension,
)
from rialto.kernel.settings import read_settings
from rialto.kernel.settings_reader import SettingWrong
from tests.support.databases import SECRETS
from tests.support.values import settings_in
from tests.tidy.sources import ROOT

pytestmark = [pytest.mark.anyio, pytest.mark.fast]

MODULE = """
class Cheques:
    name = "cheques"
    def __init__(self, around):
        self.around = around
        self.closed = False
    async def close(self):
        self.closed = True

class Pigeons:
    parallel = 1
    def __init__(self, around):
        self.url = around.settings.smtp_url

class Ledgers:
    def read(self, path, options):
        return iter(())
"""
ENTRY_POINTS = """
[rialto.payments]
cheques = shop_extra:Cheques
sandbox = shop_extra:Cheques
torn = shop_extra:Missing

[rialto.mail]
pigeon = shop_extra:Pigeons

[rialto.importers]
ledgers = shop_extra:Ledgers
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A distribution as pip leaves it behind; its name."""
    info = tmp_path / "shop_extra-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shop-extra\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    (tmp_path / "shop_extra.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "shop_extra", raising=False)
    return "shop-extra"


@pytest.mark.usefixtures("installed")
async def test_what_another_package_offers_is_chosen_by_name_and_closed_with_the_shop(tmp_path: Path) -> None:
    environment = {"RIALTO_PAYMENTS": "sandbox, cheques", "RIALTO_SMTP_URL": "pigeon://loft.example"}
    settings = read_settings(environment, data_default=tmp_path)
    engines = choose_engines(settings, SECRETS, DatabaseAddress(host="nowhere", port=1, user="nobody"))
    assert list(engines.by_port["payments"]) == ["sandbox", "cheques"]
    assert engines.by_port["mail"].url == "pigeon://loft.example"
    cheques: Any = next(one for one in engines.closers if hasattr(one, "around"))  # itself, without the watch
    assert cheques.around.settings is settings
    for engine in engines.closers:
        await engine.close()
    assert cheques.closed


@pytest.mark.usefixtures("installed")
def test_an_importer_of_another_package_is_listed_and_found() -> None:
    assert "ledgers" in importer_names()
    assert type(find_importer("ledgers")).__name__ == "Ledgers"


@pytest.mark.usefixtures("installed")
def test_ours_are_not_replaced_by_another_package(tmp_path: Path) -> None:
    around = Surroundings(settings=settings_in(tmp_path), secrets=SECRETS, clock=ManualClock())
    made = find_extension("payments", "sandbox", ENGINES["payments"])(around)
    assert type(made).__module__ == "rialto.engines.sandbox_payments"


@pytest.mark.usefixtures("installed")
def test_an_unknown_name_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ExtensionUnknown) as unknown:
        find_extension("payments", "gold", ENGINES["payments"])
    assert (
        unknown.value.text == "There is nothing called 'gold' for payments; known are cheques, sandbox, torn."
    )
    for variable, value, known in (
        ("RIALTO_PAYMENTS", "gold", "one or more of sandbox, cheques, torn"),
        ("RIALTO_PAYMENTS", ",", "one or more of sandbox, cheques, torn"),
        ("RIALTO_SMTP_URL", "ftp://mail.example", "smtp or smtps or pigeon"),
    ):
        with pytest.raises(SettingWrong, match=known):
            read_settings({variable: value}, data_default=tmp_path)


def test_one_that_cannot_be_loaded_is_named_with_its_package(installed: str) -> None:
    with pytest.raises(ExtensionBroken, match=installed):
        find_extension("payments", "torn", ENGINES["payments"])


def test_without_other_packages_the_names_are_ours(tmp_path: Path) -> None:
    assert extension_names("payments", ENGINES["payments"]) == ["sandbox"]
    with pytest.raises(SettingWrong, match="one or more of sandbox,"):
        read_settings({"RIALTO_PAYMENTS": "cheques"}, data_default=tmp_path)


def test_ours_are_registered_as_everybodys_are() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    registered = project["entry-points"]
    ours = {**ENGINES, "importers": IMPORTERS}
    assert {group.removeprefix("rialto."): set(names) for group, names in registered.items()} == {
        port: set(names) for port, names in ours.items()
    }
    for port, names in ours.items():
        for name, made_by in names.items():
            assert registered[f"rialto.{port}"][name] == f"{made_by.__module__}:{made_by.__qualname__}"
