"""Tax rates by country and class. New quotes go by them at once; orders keep the rates they were placed with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect

from rialto.admin.conflicts import Field, conflict_page
from rialto.admin.desk import HOME, AnyRequest, Desk
from rialto.admin.forms import Reading, Values, decimal_point, read_values
from rialto.admin.problems import problems_of, status_of
from rialto.admin.rendering import PAGE, go, page
from rialto.admin.tables import Choice
from rialto.kernel.address import COUNTRIES
from rialto.kernel.errors import NotFound, RialtoError
from rialto.kernel.http import Injected, requires
from rialto.kernel.service import Nothing
from rialto.pricing.api import CountryRef, CountryTaxes, Pricing, PutTaxes, RulesChanged
from rialto.storefront.formats import countries, country_name

PLACE = f"{HOME}/settings/taxes"
READ = [requires("pricing.read")]
WRITE = [requires("pricing.write")]
# Asked for in every country, whether it has them or not: goods are of these classes unless told otherwise.
USUAL = ("standard", "reduced")
_PERCENT = re.compile(r"\d{1,3}(\.\d{1,4})?")


@get(PLACE, guards=READ)
async def taxes(desk: Injected[Desk], pricing: Injected[Pricing]) -> PAGE | Redirect:
    """All countries that have rates; `?country=` leads on to one, whether it has some or not."""
    asked = desk.asked("country")
    if asked in COUNTRIES:
        return go(f"{PLACE}/{asked}")
    found = (await pricing.all_taxes(Nothing())).items
    taxed = {one.country: one for one in found}
    listed = countries(desk.language)
    return page(
        desk,
        "pages/taxes/list.html",
        section="taxes",
        taxes=[taxed[code] for code, _ in listed if code in taxed],
        classes=_classes(found),
        untaxed=[Choice(value=code, label=name) for code, name in listed if code not in taxed],
    )


@get(f"{PLACE}/{{country:str}}", guards=READ)
async def country_taxes(desk: Injected[Desk], pricing: Injected[Pricing], country: FromPath[str]) -> PAGE:
    stored = await _stored(pricing, country)
    classes = await _all_classes(pricing)
    return _edit(desk, country, classes, _values(stored, classes))


@post(f"{PLACE}/{{country:str}}", guards=WRITE, status_code=200)
async def change_taxes(
    request: AnyRequest, desk: Injected[Desk], pricing: Injected[Pricing], country: FromPath[str]
) -> PAGE | Redirect:
    """Whoever comes second is shown what the first one changed."""
    await _stored(pricing, country)
    values, classes = await read_values(request), await _all_classes(pricing)
    try:
        await pricing.put_taxes(PutTaxes(taxes=_taxes(country, classes, Reading(values))))
    except RulesChanged:
        return await _conflict(desk, pricing, country, values)
    except RialtoError as error:
        return _edit(desk, country, classes, values, error=error)
    return go(f"{PLACE}/{country}?done=taxes_saved")


@post(f"{PLACE}/{{country:str}}/remove", guards=WRITE, status_code=200)
async def remove_taxes(request: AnyRequest, pricing: Injected[Pricing], country: FromPath[str]) -> Redirect:
    """Who looked at an older version is sent to look again."""
    await _stored(pricing, country)
    version = Reading(await read_values(request)).number("version")
    try:
        await pricing.put_taxes(PutTaxes(taxes=CountryTaxes(country=country, rates={}, version=version)))
    except RulesChanged:
        return go(f"{PLACE}/{country}?done=terms_changed")
    return go(f"{PLACE}?done=taxes_removed")


async def _stored(pricing: Pricing, country: str) -> CountryTaxes:
    """Raises NotFound for what is no country."""
    if country not in COUNTRIES:
        raise NotFound
    return await pricing.country_taxes(CountryRef(country=country))


async def _all_classes(pricing: Pricing) -> list[str]:
    return _classes((await pricing.all_taxes(Nothing())).items)


def _classes(taxes: Iterable[CountryTaxes]) -> list[str]:
    """Those that any country has a rate for, the usual ones first."""
    return list(dict.fromkeys([*USUAL, *sorted({name for one in taxes for name in one.rates})]))


def _taxes(country: str, classes: Iterable[str], reading: Reading) -> CountryTaxes:
    """What was typed, percentages as rates. Raises Invalid naming the fields."""
    rates = {name: rate for name in classes if (rate := _rate(reading, f"rate-{name}"))}
    added, rate = reading.text("class_new"), _rate(reading, "rate_new")
    if added in rates:
        reading.refuse("class_new", "class_twice", "This class has a rate above.")
    elif added and not rate:
        reading.refuse("rate_new", "required", "Please fill this in.")
    elif rate and not added:
        reading.refuse("class_new", "required", "Please fill this in.")
    elif rate:
        rates[added] = rate
    version = reading.number("version")
    reading.end()
    return CountryTaxes(country=country, rates=rates, version=version)


def _rate(reading: Reading, name: str) -> str:
    """`19` as `0.19`, exactly; empty where nothing is typed or what is typed is no percentage."""
    text = decimal_point(reading.text(name).removesuffix("%").strip())
    if not text:
        return ""
    if _PERCENT.fullmatch(text) is None or not text.isascii() or Decimal(text) > 100:
        reading.refuse(name, "percentage_not_valid", "A percentage from 0 to 100, such as 19 or 5.5.")
        return ""
    return _shortest(Decimal(text) / 100)


def _shortest(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _values(taxes: CountryTaxes, classes: Iterable[str]) -> Values:
    rates = {f"rate-{name}": _percent(taxes.rates.get(name, "")) for name in classes}
    return {"version": str(taxes.version), "class_new": "", "rate_new": "", **rates}


def _percent(rate: str) -> str:
    return _shortest(Decimal(rate) * 100) if rate else ""


async def _conflict(desk: Desk, pricing: Pricing, country: str, values: Values) -> PAGE:
    stored, classes = await _stored(pricing, country), await _all_classes(pricing)
    texts = desk.texts
    labels = {f"rate-{name}": texts("taxes.rate_of", name=_class_name(desk, name)) for name in classes}
    labels |= {"class_new": texts("taxes.class_new"), "rate_new": texts("taxes.rate_new")}
    return conflict_page(
        desk,
        section="taxes",
        title=country_name(country, desk.language),
        action=f"{PLACE}/{country}",
        back=f"{PLACE}/{country}",
        version=str(stored.version),
        fields=[Field(name=name, label=label) for name, label in labels.items()],
        yours=values,
        theirs=_values(stored, classes),
    )


def _class_name(desk: Desk, name: str) -> str:
    return desk.texts.sentences.get(f"taxes.class.{name}", name)


def _edit(
    desk: Desk,
    country: str,
    classes: list[str],
    values: Values,
    *,
    error: RialtoError | None = None,
) -> PAGE:
    added = values.get("class_new", "").strip()
    paths: Mapping[str, str] = {
        **{f"rates.{name}": f"rate-{name}" for name in classes},
        **({} if added in classes else {f"rates.{added[:60]}": "class_new"}),
        "rates": "class_new",
    }
    return page(
        desk,
        "pages/taxes/country.html",
        section="taxes",
        status=200 if error is None else status_of(error),
        country=country,
        classes=[Choice(value=name, label=_class_name(desk, name)) for name in classes],
        values={"version": "0", "class_new": "", "rate_new": "", **{f"rate-{name}": "" for name in classes}}
        | values,
        has_rates=any(values.get(f"rate-{name}") for name in classes),
        problems=[] if error is None else problems_of(error, desk.texts, fields=paths),
    )


ROUTES: list[Any] = [taxes, country_taxes, change_taxes, remove_taxes]
