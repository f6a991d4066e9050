"""From an order, an account or an article to what a mail says: text and HTML in its language, with the passages that
the merchant may have put in words of their own.

All that comes from outside (titles, names, addresses) is put on one line here and escaped by the HTML
templates, so neither a subject nor a table can be broken out of.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined

from rialto.catalog.api import Offer
from rialto.identity.api import DueLetter
from rialto.notifications import formats
from rialto.notifications.api import Passages
from rialto.notifications.model import (
    Letter,
    Template,
    absolute_url,
    language_for,
    one_line,
    path_of,
    subject_line,
)
from rialto.notifications.model.wording import PLACEHOLDERS, Kind, filled_in, kind_of, paragraphs
from rialto.notifications.standard import standard_words
from rialto.orders.api import Order, OrderLine

TEXT_WIDTH = 68
PARAGRAPH_WIDTH = 76
# Until the merchant gives the shop front another.
SHOP_NAME = "Rialto"

# What a kind of mail says in a language.
Words = Callable[[Kind, str], Passages]
# Placeholders whose value has another name in the templates.
_NAMED = {"order_number": "number"}


class Renderer:
    """Templates stand in `templates/<language>/<template>.{txt,html}`, what they say at first in `standard.json` there."""

    def __init__(self, public_url: str) -> None:
        self._public_url = public_url
        self._html = _templates(html=True)
        self._text = _templates(html=False)

    def letter(
        self,
        template: Template,
        order: Order,
        facts: Mapping[str, Any],
        *,
        shop_name: str = SHOP_NAME,
        shop_url: str = "",
        words: Words = standard_words,
    ) -> Letter:
        """What to write about this order; `facts` are what the event adds (reason, shipped lines, tracking).

        `shop_url` is where its shop front is reached now; empty: the shop's own address.
        """
        language = language_for(order.language)
        shop = {"shop_url": shop_url or self._public_url, "shop_name": shop_name}
        view = _cleaned({**order_view(order, language), **shop, **facts})
        view["status_url"] = absolute_url(self._public_url, order.status_url)
        if shop_url:
            view["status_url"] = absolute_url(shop_url, path_of(order.status_url))
        return self._rendered(template, kind_of(template, facts), view, words)

    def account_letter(
        self,
        template: Template,
        due: DueLetter,
        *,
        shop_name: str = SHOP_NAME,
        shop_url: str = "",
        words: Words = standard_words,
    ) -> Letter:
        """What to write to an account's owner. Its link is a secret: it stands in the letter and nowhere else."""
        language = language_for(due.language)
        shop = {"shop_url": shop_url or self._public_url, "shop_name": shop_name}
        view = _cleaned({"language": language, "name": due.name, **shop})
        view["link"] = absolute_url(shop["shop_url"], f"{language}/{due.link}") if due.link else ""
        view["valid_until"] = formats.moment(due.valid_until, language) if due.valid_until else ""
        return self._rendered(template, Kind(template), view, words)

    def article_letter(
        self,
        template: Template,
        language: str,
        offer: Offer,
        *,
        confirm_token: str,
        end_token: str,
        valid_until: datetime,
        shop_name: str = SHOP_NAME,
        shop_url: str = "",
        words: Words = standard_words,
    ) -> Letter:
        """What to write about an article that somebody waits for. Its links are secrets, as those of accounts are."""
        shop = {"shop_url": shop_url or self._public_url, "shop_name": shop_name}
        options = ", ".join(_said(value, language) for value in offer.options.values())
        title = _said(offer.title, language)
        article = f"{title} ({options})" if options else title
        view = _cleaned(
            {"language": language, "article": article, "title": title, "options": options, **shop}
        )
        start = f"{shop['shop_url'].rstrip('/')}/{language}"
        view["product_url"] = f"{start}/p/{offer.slug}?{urlencode({'sku': offer.sku})}"
        view["confirm_url"] = f"{start}/back-in-stock/confirm?{urlencode({'token': confirm_token})}"
        view["end_url"] = f"{start}/back-in-stock/end?{urlencode({'token': end_token})}"
        view["valid_until"] = formats.moment(valid_until, language)
        return self._rendered(template, Kind(template), view, words)

    def _rendered(self, template: Template, kind: Kind, view: Mapping[str, Any], words: Words) -> Letter:
        language = view["language"]
        said = _said_by(kind, language, words(kind, language), view)
        path, whole = f"{language}/{template}", {**view, "words": said}
        return Letter(
            subject=said["subject"],
            text=_blank_lines_once(self._text.get_template(f"{path}.txt").render(whole)),
            html=self._html.get_template(f"{path}.html").render(whole),
        )


def _said_by(kind: Kind, language: str, passages: Passages, view: Mapping[str, Any]) -> dict[str, Any]:
    """The passages with their placeholders filled in, as templates take them."""
    values = {name: str(view.get(_NAMED.get(name, name), "")) for name in PLACEHOLDERS[kind]}
    introduction = paragraphs(filled_in(passages.introduction, values))
    is_own = passages.introduction != standard_words(kind, language).introduction
    return {
        "subject": subject_line(filled_in(passages.subject, values)),
        "headline": one_line(filled_in(passages.headline, values)),
        # Lists of mails show it beside the subject; ours suits our own words only.
        "preheader": " ".join(introduction[0]) if is_own and introduction else "",
        "greeting": paragraphs(filled_in(passages.greeting, values)),
        "introduction": introduction,
        "closing": paragraphs(filled_in(passages.closing, values)),
        "signature": paragraphs(filled_in(passages.signature, values)),
    }


@cache
def _templates(*, html: bool) -> Environment:
    """Compiled once, however many shops live in this interpreter: the simulator starts hundreds."""
    environment = Environment(
        loader=PackageLoader("rialto.notifications"),
        autoescape=html,  # noqa: S701 - plain text has nothing to escape
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(row=row, wrapped=wrapped)
    return environment


def order_view(order: Order, language: str) -> dict[str, Any]:
    """The order in words: every amount, day and place as text."""
    totals = order.totals
    delivery = order.delivery
    return {
        "language": language,
        "number": order.number,
        "placed_on": formats.full_day(order.placed_at or order.started_at, language),
        "lines": [_line(line, line.quantity, language) for line in order.lines],
        "goods": formats.money(totals.items, language),
        "discount": formats.money(totals.discount, language) if totals.discount else "",
        "delivery": formats.money(totals.delivery, language) if totals.delivery else "",
        "total": formats.money(totals.total, language),
        "tax_included": order.tax_included,
        "taxes": [
            {"rate": formats.percent(tax.rate, language), "tax": formats.money(tax.tax, language)}
            for tax in order.taxes
        ],
        "delivery_title": delivery.title if delivery else "",
        "delivered_on": (
            formats.day_span(delivery.delivered_on_from, delivery.delivered_on_to, language)
            if delivery
            else ""
        ),
        "shipping": formats.address_lines(order.shipping, language) if order.shipping else [],
        "billing": formats.address_lines(order.billing, language) if order.billing else [],
        "payment": order.payment_label or "",
        "name": order.shipping.name if order.shipping else "",
    }


def lines_of(order: Order, quantities: Mapping[str, int]) -> list[dict[str, Any]]:
    """The lines of one parcel, there or back, with what is in it."""
    language = language_for(order.language)
    return [_line(line, quantities[line.id], language) for line in order.lines if quantities.get(line.id)]


def _said(texts: Mapping[str, str], language: str) -> str:
    """In this language, else in one that it is there in."""
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")


def _line(line: OrderLine, quantity: int, language: str) -> dict[str, Any]:
    return {
        "title": line.title,
        "options": ", ".join(f"{name}: {value}" for name, value in line.options.items()),
        "quantity": str(quantity),
        "unit_price": formats.money(line.unit_price, language),
        "total": formats.money(line.total, language),
    }


def _cleaned(value: Any) -> Any:
    match value:
        case str():
            return one_line(value)
        case list():
            return [_cleaned(item) for item in value]
        case dict():
            return {key: _cleaned(item) for key, item in value.items()}
        case _:
            return value


def _blank_lines_once(text: str) -> str:
    """Parts that an order does not have leave no holes."""
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def row(left: str, right: str) -> str:
    """`left` and `right` at the two ends of a line of plain text; on two lines when they do not fit."""
    gap = TEXT_WIDTH - len(left) - len(right)
    return f"{left}{' ' * gap}{right}" if gap >= 2 else f"{left}\n{right.rjust(TEXT_WIDTH)}"


def wrapped(line: str) -> str:
    """A line of a paragraph as lines of plain text; what has no blank in it, an address say, stays whole."""
    return textwrap.fill(line, PARAGRAPH_WIDTH, break_long_words=False, break_on_hyphens=False)
