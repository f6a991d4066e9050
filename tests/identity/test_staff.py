from __future__ import annotations

import argparse
import asyncio

import pytest

from rialto.cli import user
from rialto.identity.api import EmailTaken, PasswordWeak, SignInRefused, StaffNotFound, StaffRef
from rialto.identity.model.fields import STAFF_BUCKET, email_hash
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Invalid
from rialto.kernel.ids import bucket_of
from rialto.kernel.service import Nothing
from tests.identity.desk import EMAIL, Desk, anna, open_identity, signing_in

pytestmark = pytest.mark.anyio


async def test_staff_is_created_and_listed_by_email(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        bob = await desk.handlers.put_staff(
            anna(email="Bob@Rialto.test", name="Bob", roles=("viewer", "catalog", "viewer"))
        )
        first = await desk.handlers.put_staff(anna())
        assert (bob.email, bob.roles, bob.active) == ("bob@rialto.test", ["catalog", "viewer"], True)
        assert bucket_of(bob.id) == STAFF_BUCKET
        assert (await desk.handlers.list_staff(Nothing())).items == [first, bob]


async def test_putting_the_same_again_changes_nothing(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        first = await desk.handlers.put_staff(anna())
        async with desk.env.db.read() as session:
            before = [
                tuple(row)
                for row in await session.all("SELECT * FROM accounts JOIN credentials ON id = account_id")
            ]
        desk.env.clock.advance(60)
        assert await desk.handlers.put_staff(anna()) == first
        async with desk.env.db.read() as session:
            assert [
                tuple(row)
                for row in await session.all("SELECT * FROM accounts JOIN credentials ON id = account_id")
            ] == before


async def test_putting_at_once_makes_one_account(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        made = await asyncio.gather(*(desk.handlers.put_staff(anna()) for _ in range(5)))
        assert len({staff.id for staff in made}) == 1
        assert len((await desk.handlers.list_staff(Nothing())).items) == 1


async def test_an_existing_account_gets_name_password_and_roles(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        first = await desk.handlers.put_staff(anna(roles=("catalog",)))
        second = await desk.handlers.put_staff(
            anna(name="Anna B.", password="a quite different one", roles=("viewer",))
        )
        assert (second.id, second.name, second.roles) == (first.id, "Anna B.", ["viewer"])
        with pytest.raises(SignInRefused):
            await desk.handlers.sign_in(signing_in())
        await desk.handlers.sign_in(signing_in(password="a quite different one"))


async def test_a_claim_that_a_crash_left_behind_is_continued(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        account_id, account = await desk.handlers._claim(email_hash(EMAIL), desk.env.clock.now())
        assert account is None
        with pytest.raises(SignInRefused):
            await desk.handlers.sign_in(signing_in())
        await desk.handlers.put_staff(anna())
        assert (await desk.handlers.account_of(email_hash(EMAIL))).id == account_id  # type: ignore[union-attr]


async def test_a_refused_command_changes_nothing(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        with pytest.raises(PasswordWeak):
            await desk.handlers.put_staff(anna(password="short"))
        with pytest.raises(Invalid):
            await desk.handlers.put_staff(anna(roles=("king",)))
        with pytest.raises(Invalid):
            await desk.handlers.put_staff(anna(email="nowhere"))
        async with desk.env.db.read() as session:
            assert await session.value("SELECT count(*) FROM email_directory") == 0


async def test_a_customers_email_is_taken(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        await desk.handlers.put_staff(anna(roles=("viewer",)))
        async with desk.env.db.write() as session:
            await session.run("UPDATE accounts SET kind = 'customer', roles = '{}'")
        with pytest.raises(EmailTaken):
            await desk.handlers.put_staff(anna())


@pytest.mark.parametrize("email", ["nobody@rialto.test", "", "\x00", "\ud800"])
async def test_disabling_somebody_unknown_is_not_found(postgres: DatabaseAddress, email: str) -> None:
    async with open_identity(postgres) as desk:
        with pytest.raises(StaffNotFound):
            await desk.handlers.disable_staff(StaffRef(email=email))


async def command(desk: Desk, *words: str, password: str = "typed at the prompt") -> tuple[int, str]:
    parser = argparse.ArgumentParser()
    user.add_arguments(parser)
    lines: list[str] = []
    code = await user.run(parser.parse_args(words), desk.handlers, lines.append, lambda _prompt: password)
    return code, "\n".join(lines)


async def test_the_command_line_adds_lists_and_disables(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        assert await command(desk, "list") == (0, "There is no staff yet.")
        assert await command(
            desk, "add", EMAIL, "--name", "Anna", "--role", "catalog", "--role", "viewer"
        ) == (
            0,
            "anna@rialto.test  Anna  catalog, viewer  active",
        )
        await desk.handlers.sign_in(signing_in(password="typed at the prompt"))
        assert await command(desk, "disable", EMAIL) == (
            0,
            "anna@rialto.test  Anna  catalog, viewer  disabled",
        )
        assert (await command(desk, "list"))[1].endswith("disabled")


async def test_the_command_line_sets_a_password_and_keeps_the_rest(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        await desk.handlers.put_staff(anna())
        code, _ = await command(desk, "password", "Anna@rialto.test", password="a quite different one")
        assert code == 0
        await desk.handlers.sign_in(signing_in(password="a quite different one"))


async def test_the_command_line_refuses_with_one_sentence(postgres: DatabaseAddress) -> None:
    async with open_identity(postgres) as desk:
        code, text = await command(desk, "add", EMAIL, "--name", "Anna", "--role", "king")
        assert (code, "roles[0]: Roles are" in text) == (1, True)
        assert await command(desk, "password", "nobody@rialto.test") == (1, StaffNotFound.message)
        code, text = await command(desk, "add", EMAIL, "--name", "Anna", "--role", "owner", password="short")
        assert (code, "twelve" in text) == (1, True)
