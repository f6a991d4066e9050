from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest

from rialto.cart.api import CartTotals
from rialto.kernel.address import Address
from rialto.kernel.money import Currency, Money
from rialto.notifications.model import Letter, Template, language_for
from rialto.notifications.render import Renderer, lines_of
from rialto.orders.api import Order, OrderTax
from tests.notifications.desk import PLACED_AT, a_due_letter, a_line, an_offer, an_order, eur

pytestmark = pytest.mark.fast

HOSTILE = '<script>alert("x")</script>\r\nBcc: all@example.com & "quotes" {{ 7 * 7 }}'


ARTICLE_LETTERS = [template for template in Template if template.startswith("back_in_stock")]
ACCOUNT_LETTERS = [
    template for template in Template if not template.startswith("order_") and template not in ARTICLE_LETTERS
]


def placed(order: Order) -> Letter:
    return Renderer("https://shop.example").letter(Template.ORDER_PLACED, order, {})


def every_letter(order: Order) -> list[Letter]:
    renderer = Renderer("https://shop.example")
    shipped = {"shipped": lines_of(order, {line.id: 1 for line in order.lines}), "tracking": "00340 <b>"}
    accounts = [
        renderer.account_letter(template, a_due_letter(language=order.language, name=HOSTILE))
        for template in ACCOUNT_LETTERS
    ]
    texts = dict.fromkeys(("en", "de"), HOSTILE)
    articles = [
        renderer.article_letter(
            template,
            language_for(order.language),
            an_offer(title=texts, options={"colour": texts}),
            confirm_token="0a.1b",
            end_token="0c.1d",
            valid_until=PLACED_AT,
        )
        for template in ARTICLE_LETTERS
    ]
    return [
        *accounts,
        *articles,
        renderer.letter(Template.ORDER_PLACED, order, {}),
        renderer.letter(Template.ORDER_CANCELLED, order, {"by_customer": True}),
        renderer.letter(Template.ORDER_CANCELLED, order, {"by_customer": False}),
        renderer.letter(Template.ORDER_SHIPPED, order, {**shipped, "complete": True}),
        renderer.letter(Template.ORDER_SHIPPED, order, {**shipped, "complete": False}),
        *(
            renderer.letter(
                Template.ORDER_RETURN,
                order,
                {
                    "returned": shipped["shipped"],
                    "requested_at": "today <b>",
                    "withdrawal": withdrawal,
                },
            )
            for withdrawal in (True, False)
        ),
    ]


class Tags(HTMLParser):
    """What a reader's program sees: elements, attributes that load or run something, and text."""

    VOID = frozenset({"meta", "br", "img", "base", "link"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.open: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        assert not [name for name, _ in attrs if name.startswith("on") or name in {"src", "background"}]
        self.links += [value or "" for name, value in attrs if name == "href"]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_a_confirmation_has_lines_totals_tax_delivery_address_and_link() -> None:
    letter = placed(an_order())
    html = " ".join(Tags(letter.html).words)
    for part in (
        "R-2A7-4711", "5 January 2026", "Carafe Laguna", "Colour: green", "€69.80", "€1,304.30", "€4.90", "€1,309.20",
        "including 19% VAT", "€209.03", "Anna Müller", "50667 Köln", "Germany", "Standard delivery",
        "Thursday 8 January – Friday 9 January", "Visa •••• 4242",
    ):  # fmt: skip
        assert part in letter.text
        assert part in html
    link = "https://shop.example/orders/"
    assert link in letter.text
    assert [
        found for found in Tags(letter.html).links if found.startswith(link) and found.endswith("?key=k3y")
    ]


def test_a_german_reader_gets_german_words_and_numbers() -> None:
    letter = placed(an_order(language="de-AT"))
    assert letter.subject == "Danke für Ihre Bestellung R-2A7-4711"
    for part in ("5. Januar 2026", "1.309,20\xa0€", "darin 19\xa0% MwSt.", "Deutschland", "Do., 8. Januar"):
        assert part in letter.text
    assert 'lang="de"' in letter.html


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_letter_is_well_formed_and_loads_nothing(language: str) -> None:
    for letter in every_letter(an_order(language=language)):
        tags = Tags(letter.html)
        assert tags.open == []
        assert not tags.seen & {"script", "img", "link", "iframe", "form", "object"}
        assert all(link.startswith("https://shop.example") for link in tags.links)
        assert letter.subject
        assert "None" not in letter.text
        assert "None" not in " ".join(tags.words)
        assert max(len(line) for line in letter.text.splitlines() if "http" not in line) <= 78


@pytest.mark.parametrize("language", ["en", "de"])
def test_nothing_that_a_shopper_or_a_shopkeeper_wrote_gets_out_of_its_place(language: str) -> None:
    hostile = Address(
        name=HOSTILE, company=HOSTILE, line1=HOSTILE, city=HOSTILE, postal_code=HOSTILE, country="DE"
    )
    order = an_order(
        language=language,
        number=HOSTILE,
        lines=[a_line(title=HOSTILE, options={HOSTILE: HOSTILE})],
        shipping=hostile,
        billing=hostile,
        payment_label=HOSTILE,
    )
    for letter in every_letter(order):
        assert "script" not in Tags(letter.html).seen
        assert "<script" not in letter.html
        assert "49" not in letter.subject
        assert len(letter.subject.splitlines()) == 1
    # A passage is wrapped, so that any word of its values may begin a line; elsewhere none does.
    numbered = [
        letter
        for letter in every_letter(an_order(**{**_parts(order), "number": "R-1"}))
        if "R-1" in letter.text
    ]
    assert len(numbered) == 7
    for letter in numbered:
        assert not [line for line in letter.text.splitlines() if line.startswith("Bcc:")]


def _parts(order: Order) -> dict[str, Any]:
    return {name: getattr(order, name) for name in order.__struct_fields__}


@pytest.mark.parametrize(("code", "shown"), [("JPY", "JP¥1,309"), ("KWD", "KWD1.309"), ("USD", "$13.09")])
def test_amounts_have_the_digits_of_their_currency(code: str, shown: str) -> None:
    def cash(amount: int) -> Money:
        return Money(amount, Currency(code))

    totals = CartTotals(items=cash(1309), discount=cash(0), delivery=cash(0), tax=cash(0), total=cash(1309))
    order = an_order(
        currency=Currency(code),
        totals=totals,
        taxes=[],
        lines=[a_line(unit_price=cash(1309), total=cash(1309))],
    )
    assert shown in placed(order).text


def test_free_delivery_and_a_discount_are_named() -> None:
    totals = CartTotals(items=eur(1000), discount=eur(-100), delivery=eur(0), tax=eur(0), total=eur(900))
    text = placed(an_order(totals=totals, taxes=[])).text
    assert "free" in text
    assert "-€1.00" in text


def test_tax_on_top_stands_above_the_total() -> None:
    lines = placed(
        an_order(tax_included=False, taxes=[OrderTax(rate="0.0825", net=eur(100), tax=eur(8))])
    ).text.splitlines()
    tax = next(number for number, line in enumerate(lines) if line.startswith("8.25% tax"))
    assert tax < next(number for number, line in enumerate(lines) if line.startswith("Total"))


@pytest.mark.parametrize("missing", ["shipping", "delivery", "payment_label", "placed_at"])
def test_an_order_without_some_part_is_written_without_it(missing: str) -> None:
    changed: dict[str, Any] = {missing: None}
    letter = placed(an_order(**changed))
    assert "\n\n\n" not in letter.text
    assert Tags(letter.html).open == []


def test_a_shipping_mail_tells_what_is_in_the_parcel_and_what_follows() -> None:
    order = an_order()
    facts = {
        "shipped": lines_of(order, {order.lines[0].id: 1, "line_gone": 3}),
        "tracking": "DHL 1",
        "complete": False,
    }
    letter = Renderer("https://shop.example").letter(Template.ORDER_SHIPPED, order, facts)
    assert "1 × Carafe Laguna" in letter.text
    assert "Tray Murano" not in letter.text
    assert "The rest follows" in letter.text
    assert "DHL 1" in letter.text


def test_an_american_address_has_the_city_first() -> None:
    address = Address(
        name="Joe", line1="1 Main St", city="Austin", region="TX", postal_code="73301", country="US"
    )
    assert "Austin, TX 73301\nUnited States" in placed(an_order(shipping=address)).text


@pytest.mark.parametrize("language", ["en", "de", "fr"])
@pytest.mark.parametrize("template", ACCOUNT_LETTERS)
def test_a_letter_of_an_account_leads_to_its_page_in_the_readers_language(
    template: Template, language: str
) -> None:
    due = a_due_letter(language=language)
    letter = Renderer("https://shop.example").account_letter(template, due)
    spoken = {"fr": "en"}.get(language, language)
    link = f"https://shop.example/{spoken}/account/verify?token=0a7.secret"
    assert link in letter.text.splitlines()
    assert link in Tags(letter.html).links
    assert "secret" not in letter.subject


@pytest.mark.parametrize("template", ["verify_email", "reset_password", "verify_new_email", "email_change"])
@pytest.mark.parametrize(
    ("language", "shown"), [("en", "5 January 2026 at 09:00 UTC"), ("de", "5. Januar 2026")]
)
def test_a_letter_says_how_long_its_link_is_good(template: str, language: str, shown: str) -> None:
    letter = Renderer("https://shop.example").account_letter(
        Template(template), a_due_letter(language=language)
    )
    assert shown in " ".join(letter.text.split())
    assert shown in letter.html


def test_what_a_stranger_entered_as_a_name_is_not_in_a_letter_to_an_address_that_nobody_proved() -> None:
    renderer = Renderer("https://shop.example")
    for template in ACCOUNT_LETTERS:
        letter = renderer.account_letter(template, a_due_letter(name="You won: evil.example"))
        assert "evil.example" not in letter.text + letter.html + letter.subject
