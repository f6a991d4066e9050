"""One product: its variants by plain links, its pictures, and everything a script needs to switch without a load."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from litestar import get
from litestar.params import FromPath
from litestar.response import Redirect

from rialto.catalog.api import Picture
from rialto.kernel.http import Injected
from rialto.kernel.remembering import Remembered
from rialto.kernel.service import Frozen
from rialto.reviews.api import Reviews
from rialto.search.api import CardsOf, ProductAsked, ProductDetail, Related, Search, Variant
from rialto.storefront import formats, pictures, structured
from rialto.storefront.rendering import PAGE, go, private_page, shared_page
from rialto.storefront.reviews import review_block
from rialto.storefront.visit import Visit

SHOWN_BESIDE = 4
RECENT_MAX = 12


class OptionLink(Frozen):
    """One value of an option. `combination` is none, sold_out or missing: what choosing it would meet."""

    value: str
    label: str
    url: str
    chosen: bool
    problem: str | None = None


class OptionRow(Frozen):
    code: str
    label: str
    chosen: str
    values: list[OptionLink]

    @property
    def is_colour(self) -> bool:
        return self.code in {"colour", "color", "glaze", "shade"}


@get("/{lang:str}/p/{slug:str}")
async def product(
    slug: FromPath[str],
    visit: Injected[Visit],
    search: Injected[Search],
    reviews: Injected[Reviews],
    *,
    remembered: Injected[Remembered],
) -> PAGE | Redirect:
    """Raises ProductGone. `?sku=` or `?colour=…` choose a variant. An id instead of a slug is led to the one address."""
    detail = await search.product(ProductAsked(view=visit.view, ref=slug))
    if slug != detail.slug:
        return go(visit.url(f"p/{detail.slug}", **dict(visit.query)), status=302)
    chosen = choose(detail.variants, dict(visit.query))
    shown = [
        pictures.shown(image, language=visit.language, title=detail.title)
        for image in pictures.of_variant(detail.images, chosen.options if chosen else {})
    ] or [pictures.stand_in(detail.title)]
    together = (await search.together(Related(view=visit.view, ref=detail.slug, limit=SHOWN_BESIDE))).items
    shown_already = {card.id for card in together}
    alike = await search.related(Related(view=visit.view, ref=detail.slug, limit=2 * SHOWN_BESIDE))
    related = [card for card in alike.items if card.id not in shown_already][:SHOWN_BESIDE]
    return await shared_page(
        visit,
        "pages/product.html",
        search=search,
        keys=(f"product:{detail.id}", *(f"product:{card.id}" for card in [*together, *related])),
        product=detail,
        chosen=chosen,
        options=option_rows(detail, chosen, path=visit.path),
        pictures=shown,
        together=together,
        related=related,
        reviewed=await review_block(visit, reviews, remembered, detail),
        reviews_checked=not visit.settings.reviews_at_once,
        switching=_switching(detail, visit),
        structured=[
            structured.product(visit, detail, [picture.src for picture in shown]),
            structured.breadcrumb(visit, detail.breadcrumb, detail.title),
        ],
        section=detail.breadcrumb[0].slug if detail.breadcrumb else "",
        image_url=visit.absolute(shown[0].src),
    )


@get("/{lang:str}/recent")
async def recent(visit: Injected[Visit], search: Injected[Search]) -> PAGE:
    """The products named in `?p=one,other`, for the script that remembers what was looked at. Nothing is kept of it."""
    refs = dict(visit.query).get("p", "").split(",")[:RECENT_MAX]
    cards = (await search.cards(CardsOf(view=visit.view, refs=refs))).items
    return await private_page(visit, "pages/recent.html", search=search, cards=cards)


def choose(variants: Sequence[Variant], asked: Mapping[str, str]) -> Variant | None:
    """The variant asked for by SKU or options; else the first that can be bought; else the first."""
    if not variants:
        return None
    by_sku = next((variant for variant in variants if variant.sku == asked.get("sku")), None)
    if by_sku is not None:
        return by_sku

    def fit(variant: Variant) -> tuple[int, bool]:
        matches = sum(asked.get(code) == value for code, value in variant.options.items())
        return matches, variant.availability != "sold_out"

    return max(variants, key=fit)


def option_rows(detail: ProductDetail, chosen: Variant | None, *, path: str) -> list[OptionRow]:
    """Each option with its values, from the chosen variant's point of view."""
    if chosen is None:
        return []
    return [
        OptionRow(
            code=option.code,
            label=option.label,
            chosen=next((v.label for v in option.values if v.value == chosen.options.get(option.code)), ""),
            values=[
                OptionLink(
                    value=value.value,
                    label=value.label,
                    url=f"{path}?{urlencode({**chosen.options, option.code: value.value})}",
                    chosen=chosen.options.get(option.code) == value.value,
                    problem=_problem(detail.variants, {**chosen.options, option.code: value.value}),
                )
                for value in option.values
            ],
        )
        for option in detail.options
    ]


def _problem(variants: Sequence[Variant], options: Mapping[str, str]) -> str | None:
    variant = next((variant for variant in variants if variant.options == options), None)
    if variant is None:
        return "missing"
    return "sold_out" if variant.availability == "sold_out" else None


def _switching(detail: ProductDetail, visit: Visit) -> dict[str, Any]:
    """Everything that changes with the variant, in words already."""
    shown = [_picture(image, visit, detail.title) for image in detail.images]
    order = {id(image): index for index, image in enumerate(detail.images)}
    return {
        "pictures": shown,
        "variants": [
            {
                "sku": variant.sku,
                "options": variant.options,
                "price": formats.money(variant.price, visit.language) if variant.price else "",
                "compare_at": formats.money(variant.compare_at, visit.language) if variant.compare_at else "",
                "lowest": visit.texts(
                    "price.lowest_30_days", amount=formats.money(variant.lowest_30_days, visit.language)
                )
                if variant.lowest_30_days
                else "",
                "unit_price": visit.texts(
                    f"price.per_{variant.unit_price.per}",
                    amount=formats.money(variant.unit_price.money, visit.language),
                )
                if variant.unit_price
                else "",
                "band": variant.availability,
                "band_text": visit.texts.get(f"stock.{variant.availability}", "stock.in_stock"),
                "pictures": [
                    order[id(image)] for image in pictures.of_variant(detail.images, variant.options)
                ],
            }
            for variant in detail.variants
        ],
        "hints": {problem: visit.texts(f"option.{problem}") for problem in ("sold_out", "missing")},
    }


def _picture(image: Picture, visit: Visit, title: str) -> dict[str, Any]:
    return pictures.shown(image, language=visit.language, title=title)._asdict()
