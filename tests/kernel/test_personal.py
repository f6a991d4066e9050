from __future__ import annotations

import pytest

from rialto.kernel.errors import Unavailable
from rialto.kernel.personal import Documents, Keepers, Person, PersonalData, ServiceKeeper

pytestmark = [pytest.mark.fast, pytest.mark.anyio]

ANNA = Person(account_id="acc_1", emails=("anna@rialto.test",))


class Shelf:
    """Keeps one document of everybody until it is told to forget."""

    def __init__(self, document: str, *, away: bool = False) -> None:
        self.document = document
        self.away = away
        self.forgotten: list[Person] = []

    async def export(self, person: Person) -> Documents:
        return {self.document: [person.account_id]}

    async def erase(self, person: Person) -> None:
        if self.away:
            raise Unavailable
        self.forgotten.append(person)


PERSONAL = PersonalData(
    export=lambda shelf, person: shelf.export(person), erase=lambda shelf, person: shelf.erase(person)
)


async def test_every_keeper_hands_out_its_documents_under_its_name() -> None:
    keepers = Keepers()
    assert await keepers.export(ANNA) == {}
    keepers.add("orders", ServiceKeeper(PERSONAL, Shelf("orders")))
    keepers.add("cart", ServiceKeeper(PERSONAL, Shelf("carts")))
    assert await keepers.export(ANNA) == {"orders": {"orders": ["acc_1"]}, "cart": {"carts": ["acc_1"]}}


async def test_an_erasure_that_a_keeper_did_not_take_part_in_is_not_done_and_may_be_repeated() -> None:
    keepers, first, second = Keepers(), Shelf("orders"), Shelf("carts", away=True)
    keepers.add("orders", ServiceKeeper(PERSONAL, first))
    keepers.add("cart", ServiceKeeper(PERSONAL, second))
    with pytest.raises(Unavailable):
        await keepers.erase(ANNA)
    second.away = False
    await keepers.erase(ANNA)
    assert (first.forgotten, second.forgotten) == ([ANNA, ANNA], [ANNA])
