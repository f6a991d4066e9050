"""What a merchant may have mails say: which placeholders there are, what is refused, and that it counts at once."""

from __future__ import annotations

import asyncio
from html import unescape
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rialto.identity.events import LetterRequested
from rialto.kernel.db import DatabaseAddress
from rialto.kernel.errors import Invalid
from rialto.kernel.service import Nothing
from rialto.notifications.api import (
    PASSAGE_LENGTHS_MAX,
    PASSAGES,
    MailTextChanged,
    MailTextNotFound,
    MailTextRef,
    Passages,
    PreviewMailText,
    PutMailText,
    ResetMailText,
)
from rialto.notifications.model import LANGUAGES, Template
from rialto.notifications.model.wording import (
    PLACEHOLDERS,
    Kind,
    checked_passages,
    filled_in,
    kind_of,
    own_words,
    paragraphs,
    template_of,
    worded,
)
from rialto.notifications.render import Renderer
from rialto.notifications.samples import sample_letter
from rialto.notifications.service import SERVICE
from rialto.notifications.standard import standard_words
from tests.notifications.desk import LETTER_ID, PLACED_AT, a_due_letter, an_order
from tests.notifications.mailing import PLACED, Desk, cancelled, open_desk, shipped

fast = pytest.mark.fast
anyio = pytest.mark.anyio

FACTS: tuple[tuple[Kind, dict[str, Any]], ...] = (
    (Kind.ORDER_SHIPPED, {"complete": True}),
    (Kind.ORDER_PARTLY_SHIPPED, {"complete": False}),
    (Kind.ORDER_CANCELLED, {"by_customer": False}),
    (Kind.ORDER_CANCELLED_BY_CUSTOMER, {"by_customer": True}),
    (Kind.ORDER_RETURN, {"withdrawal": False}),
    (Kind.ORDER_WITHDRAWAL, {"withdrawal": True}),
)


def words(**said: str) -> Passages:
    return Passages(**{"subject": "A mail", "headline": "A mail.", **said})


def refusals(kind: Kind, **said: str) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refused:
        checked_passages(kind, words(**said))
    return [(fault.path, fault.code) for fault in refused.value.fields]


@fast
@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_we_say_ourselves_would_be_taken_from_a_merchant(kind: Kind, language: str) -> None:
    standard = standard_words(kind, language)
    assert checked_passages(kind, standard) == standard


@fast
@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_placeholder_of_a_mail_has_a_value_in_it(kind: Kind, language: str) -> None:
    all_of_them = " ".join(f"<{name}:{{{name}}}>" for name in PLACEHOLDERS[kind])
    said = checked_passages(kind, words(subject=all_of_them, introduction=all_of_them))
    letter = sample_letter(
        Renderer("https://shop.example"), kind, language, lambda *_: said, shop_name="Lamps", now=PLACED_AT
    )
    for text in (letter.subject, letter.text, unescape(letter.html)):
        assert "<shop_name:Lamps>" in " ".join(text.split())
        assert ":>" not in text, "one is empty"
        assert "{" not in text.partition("</head>")[2]


@fast
def test_each_mail_belongs_to_a_template_and_back() -> None:
    assert {template_of(kind) for kind in Kind} == set(Template)
    for kind, facts in FACTS:
        assert kind_of(template_of(kind), facts) is kind
    for kind in set(Kind) - {kind for kind, _ in FACTS}:
        assert kind_of(template_of(kind), {}) is kind


@fast
def test_letters_to_an_address_that_nobody_proved_know_no_name() -> None:
    for kind in Kind:
        assert ("name" in PLACEHOLDERS[kind]) is kind.startswith("order_")


@fast
@pytest.mark.parametrize(
    ("passage", "text", "code"),
    [
        ("subject", "", "required"),
        ("headline", " \r\n ", "required"),
        *((name, "x" * (most + 1), "too_long") for name, most in PASSAGE_LENGTHS_MAX.items()),
        ("subject", "Thanks\nBcc: all@example.com", "not_plain"),
        ("subject", "Thanks\x00", "not_plain"),
        ("greeting", "Hello,\nyou", "not_plain"),
        ("closing", "\x1b[31m", "not_plain"),
        ("closing", "\ud800", "not_plain"),
        ("introduction", "{nmae}", "placeholder_unknown"),
        ("introduction", "{Order_number}", "placeholder_unknown"),
        ("introduction", "{ name }", "placeholder_unknown"),
        ("introduction", "{}", "placeholder_unknown"),
        ("introduction", "{name.__class__}", "placeholder_unknown"),
        ("introduction", "{article}", "placeholder_unknown"),
        ("introduction", "{name", "placeholder_malformed"),
        ("introduction", "name}", "placeholder_malformed"),
        ("introduction", "{{ 7 * 7 }}", "placeholder_malformed"),
        ("introduction", "{% for x in y %}", "placeholder_unknown"),
    ],
)
def test_what_cannot_be_mailed_is_refused(passage: str, text: str, code: str) -> None:
    assert refusals(Kind.ORDER_PLACED, **{passage: text}) == [(passage, code)]


@fast
def test_everything_that_is_wrong_is_told_at_once_and_with_what_there_is() -> None:
    assert refusals(Kind.BACK_IN_STOCK, subject="", closing="{name}") == [
        ("subject", "required"),
        ("closing", "placeholder_unknown"),
    ]
    with pytest.raises(Invalid) as refused:
        checked_passages(Kind.BACK_IN_STOCK, words(closing="{name}"))
    assert refused.value.fields[0].message == "This mail knows no {name}. It knows {article}, {shop_name}."


@fast
@given(st.text(), st.text())
def test_a_value_is_put_in_as_it_is_and_never_looked_at_again(name: str, total: str) -> None:
    found = filled_in("To {name}: {total}!", {"name": name, "total": total})
    assert found == f"To{' ' if name else ''}{name}:{' ' if total else ''}{total}!"
    assert filled_in("{name}", {"name": "{total}", "total": "9"}) == "{total}"


@fast
def test_a_placeholder_without_a_value_takes_its_blank_along() -> None:
    assert filled_in("Hello {name},", {"name": ""}) == "Hello,"
    assert filled_in("{name} Hello", {"name": ""}) == " Hello"
    assert filled_in("Hello {later}", {}) == "Hello {later}", "rather odd than never sent"


@fast
def test_empty_lines_part_paragraphs_and_others_stay_lines() -> None:
    assert paragraphs("a\nb\n\n \nc") == [["a", "b"], ["c"]]
    assert paragraphs("") == []


@fast
def test_only_what_differs_is_kept() -> None:
    standard = standard_words(Kind.ORDER_PLACED, "en")
    mine = worded(standard, {"closing": "Bye.", "introduction": ""})
    assert own_words(mine, standard) == {"closing": "Bye.", "introduction": ""}
    assert worded(standard, own_words(mine, standard)) == mine
    assert own_words(standard, standard) == {}


async def put(desk: Desk, kind: str, language: str = "en", *, version: int = 0, **said: str) -> int:
    command = PutMailText(kind=kind, language=language, passages=words(**said), expected_version=version)
    return int((await desk.handlers.put_mail_text(command)).version)


@anyio
async def test_a_change_counts_for_the_next_mail_in_every_process(postgres: DatabaseAddress) -> None:
    async with open_desk(postgres) as desk:
        await desk.tell(PLACED)
        other: Any = SERVICE.build(desk.env)
        command = PutMailText(
            kind="order_cancelled_by_customer",
            language="en",
            passages=words(subject="Gone: {order_number}", introduction="{name}, <i>it</i> is {total} less."),
            expected_version=0,
        )
        await other.put_mail_text(command)
        await desk.tell(cancelled(), first_version=3)
        cancellation, confirmation = sorted(await desk.mails(), key=lambda mail: mail.template)
        assert cancellation.subject == "Gone: R-2A7-4711"
        assert "Anna Müller, <i>it</i> is €1,309.20 less." in cancellation.text
        assert "Anna Müller, &lt;i&gt;it&lt;/i&gt; is" in cancellation.html
        assert confirmation.subject == "Thank you for your order R-2A7-4711", "written before"


@anyio
async def test_each_language_and_each_kind_has_words_of_its_own(postgres: DatabaseAddress) -> None:
    async with open_desk(postgres, an_order(language="de")) as desk:
        await put(desk, "order_shipped", "en", subject="English")
        await put(desk, "order_partly_shipped", "de", subject="Ein Teil")
        await desk.tell(shipped("1"))
        [mail] = await desk.mails()
        assert mail.subject == "Ihre Bestellung R-2A7-4711 ist unterwegs"


@anyio
async def test_letters_of_accounts_say_it_too(postgres: DatabaseAddress) -> None:
    async with open_desk(postgres, letters=[a_due_letter()]) as desk:
        await put(desk, "verify_email", signature="Your {shop_name}")
        await desk.tell(LetterRequested(letter_id=LETTER_ID, template="verify_email", requested_at=PLACED_AT))
        [mail] = await desk.mails()
        assert "Your Rialto" in mail.text
        assert "/en/account/verify?token=0a7.secret" in mail.text, "the link is no passage"


@anyio
async def test_who_saves_over_anothers_change_is_refused(postgres: DatabaseAddress) -> None:
    async with open_desk(postgres) as desk:
        assert await put(desk, "order_placed", closing="One") == 1
        assert await put(desk, "order_placed", closing="One") == 1, "the same again"
        with pytest.raises(MailTextChanged):
            await put(desk, "order_placed", closing="Two")
        with pytest.raises(MailTextChanged):
            await put(desk, "order_placed", closing="Two", version=5)
        with pytest.raises(MailTextChanged):
            await put(desk, "order_shipped", closing="Two", version=5)
        assert await put(desk, "order_placed", closing="Two", version=1) == 2


@anyio
async def test_of_two_who_save_in_the_same_moment_one_is_refused(postgres: DatabaseAddress) -> None:
    async with open_desk(postgres) as desk:
        done = await asyncio.gather(
            *(put(desk, "order_placed", closing=text) for text in ("One", "Two", "Three")),
            return_exceptions=True,
        )
        assert sorted(map(str, done)) == ["1", *[MailTextChanged.message] * 2]


@anyio
async def test_our_words_come_back_under_a_new_version(postgres: DatabaseAddress) -> None:
    async with open_desk(postgres) as desk:
        reset = ResetMailText(kind="order_placed", language="en", expected_version=0)
        assert (await desk.handlers.reset_mail_text(reset)).version == 0, "nothing to give up"
        await put(desk, "order_placed", closing="One")
        with pytest.raises(MailTextChanged):
            await desk.handlers.reset_mail_text(reset)
        ours = await desk.handlers.reset_mail_text(
            ResetMailText(kind="order_placed", language="en", expected_version=1)
        )
        assert (ours.version, ours.own, ours.passages) == (2, False, ours.standard)
        with pytest.raises(MailTextChanged):  # who opened it before the first change
            await put(desk, "order_placed", closing="Late")


@anyio
async def test_looking_at_a_mail_changes_nothing(postgres: DatabaseAddress) -> None:
    async with open_desk(postgres) as desk:
        before = await desk.handlers.mail_texts(Nothing())
        assert {(one.kind, one.language) for one in before.items} == {
            (kind, language) for kind in Kind for language in LANGUAGES
        }
        for one in before.items:
            look = PreviewMailText(kind=one.kind, language=one.language, passages=words(closing="Last word."))
            found = await desk.handlers.preview_mail_text(look)
            assert "Last word." in found.text
            assert "Last word." in found.html
        assert await desk.handlers.mail_texts(Nothing()) == before
        assert await desk.mails() == []


@anyio
@pytest.mark.parametrize(
    ("kind", "language"), [("birthday", "en"), ("order_placed", "fr"), ("", ""), ("\x00", "en")]
)
async def test_a_mail_that_is_none_is_not_found(postgres: DatabaseAddress, kind: str, language: str) -> None:
    async with open_desk(postgres) as desk:
        with pytest.raises(MailTextNotFound):
            await desk.handlers.mail_text(MailTextRef(kind=kind, language=language))
        with pytest.raises(MailTextNotFound):
            await put(desk, kind, language)


@fast
def test_passages_are_told_in_the_order_of_a_mail() -> None:
    assert Passages.__struct_fields__ == PASSAGES
