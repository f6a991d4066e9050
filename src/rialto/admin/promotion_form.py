"""A promotion as a form: its fields by name as texts, and back again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rialto.admin.conflicts import Field
from rialto.admin.forms import Reading, Values, as_typed, decimal_point, moment_typed, switch_typed
from rialto.kernel.errors import RialtoError
from rialto.kernel.money import Currency, parse_decimal
from rialto.pricing.api import (
    AmountOff,
    Benefit,
    BuyGet,
    Conditions,
    FreeDelivery,
    PercentOff,
    Promotion,
    Selection,
    Tier,
    Tiered,
    UnitPrice,
)
from rialto.storefront.texts import Texts

BENEFITS = ("percent", "amount", "unit_price", "free_delivery", "buy_get", "tiers")
SWITCHES = ("active", "needs_code", "exclusive")
CONDITION_SWITCHES = ("first_order",)
PLAIN = (
    *("benefit", "percent", "buy", "get", "tiers", "methods"),
    *("products", "categories", "collections", "quantity_min", "channels", "groups", "starts_at", "ends_at"),
    *("position", "not_with"),
)

# Which field of the form a field of the command is; where one has several fields, the first of them.
_PATHS = {
    "benefit.percent": "percent",
    "benefit.buy": "buy",
    "benefit.get": "get",
    "benefit.tiers": "tiers",
    "benefit.methods": "methods",
    "applies_to.products": "products",
    "applies_to.categories": "categories",
    "applies_to.collections": "collections",
    "conditions.quantity_min": "quantity_min",
    "conditions.channels": "channels",
    "conditions.groups": "groups",
    "conditions.starts_at": "starts_at",
    "conditions.ends_at": "ends_at",
}


class PromotionForm:
    """The form of a shop with these languages and currencies. `Selection.products` are shown by address."""

    def __init__(self, languages: Sequence[str], currencies: Sequence[Currency]) -> None:
        self.languages = languages
        self.currencies = currencies

    def fields(self, texts: Texts) -> list[Field]:
        """All of them with what they are called, for showing two versions beside each other."""
        words = {"1": texts("form.yes"), "": texts("form.no")}
        benefits = {one: texts(f"promotions.benefit.{one}") for one in BENEFITS}
        return [
            *(
                Field(name=f"title-{each}", label=f"{texts('promotions.name')} ({each})")
                for each in self.languages
            ),
            *(
                Field(name=name, label=texts(f"promotions.{name}"), words=words)
                for name in (*SWITCHES, *CONDITION_SWITCHES)
            ),
            *(
                Field(
                    name=name,
                    label=texts(f"promotions.{name}"),
                    words=benefits if name == "benefit" else {},
                )
                for name in PLAIN
            ),
            *(
                Field(name=f"{name}-{each}", label=f"{texts(f'promotions.{name}')} ({each})")
                for name in ("amount", "items_min")
                for each in self.currencies
            ),
        ]

    def paths(self) -> dict[str, str]:
        """Which field is meant by a path of the command."""
        several = {
            "title": f"title-{self.languages[0]}",
            "benefit.amounts": f"amount-{self.currencies[0]}",
            "benefit.prices": f"amount-{self.currencies[0]}",
            "conditions.items_min": f"items_min-{self.currencies[0]}",
        }
        tiers = {
            f"benefit.tiers.{index}{rest}": "tiers"
            for index in range(20)
            for rest in ("", ".percent", ".items", ".quantity")
        }
        return {**_PATHS, **several, **tiers}

    def empty(self) -> Values:
        """Of a promotion that is yet to be."""
        return {**dict.fromkeys((field for field in self._names()), ""), "benefit": "percent", "active": "1"}

    def values(self, promotion: Promotion, slugs: Mapping[str, str]) -> Values:
        """As the form shows it. `slugs` are the products' addresses by id; one without is shown by its id."""
        wanted, selection = promotion.conditions, promotion.applies_to
        return {
            **dict.fromkeys(self._names(), ""),
            **{f"title-{language}": promotion.title.get(language, "") for language in self.languages},
            **{name: switch_typed(getattr(promotion, name)) for name in SWITCHES},
            **{name: switch_typed(getattr(wanted, name)) for name in CONDITION_SWITCHES},
            **self._benefit_values(promotion.benefit),
            **self._amount_values("items_min", wanted.items_min),
            "products": "\n".join(slugs.get(each, each) for each in selection.products),
            "categories": "\n".join(selection.categories),
            "collections": "\n".join(selection.collections),
            "quantity_min": str(wanted.quantity_min or ""),
            "channels": "\n".join(wanted.channels),
            "groups": "\n".join(wanted.groups),
            "starts_at": moment_typed(wanted.starts_at),
            "ends_at": moment_typed(wanted.ends_at),
            "position": str(promotion.position),
            "not_with": "\n".join(promotion.not_with),
        }

    def promotion(self, promotion_id: str, reading: Reading, products: list[str]) -> Promotion:
        """What was typed. `products` are the ids of those named. Raises Invalid naming the fields."""
        benefit = self._benefit(reading)
        promotion = Promotion(
            id=promotion_id,
            title=reading.by_language("title", self.languages),
            benefit=benefit,
            applies_to=Selection(
                products=products,
                categories=reading.lines("categories"),
                collections=reading.lines("collections"),
            ),
            conditions=Conditions(
                items_min=reading.amounts("items_min", self.currencies),
                quantity_min=reading.number("quantity_min"),
                channels=reading.lines("channels"),
                groups=reading.lines("groups"),
                first_order=reading.is_on("first_order"),
                starts_at=reading.moment("starts_at"),
                ends_at=reading.moment("ends_at"),
            ),
            needs_code=reading.is_on("needs_code"),
            position=reading.number("position"),
            exclusive=reading.is_on("exclusive"),
            not_with=reading.lines("not_with"),
            active=reading.is_on("active"),
        )
        reading.end()
        return promotion

    def _names(self) -> list[str]:
        return [
            *(f"title-{language}" for language in self.languages),
            *SWITCHES,
            *CONDITION_SWITCHES,
            *PLAIN,
            *(f"{name}-{currency}" for name in ("amount", "items_min") for currency in self.currencies),
        ]

    def _amount_values(self, name: str, amounts: Mapping[str, int]) -> Values:
        return {
            f"{name}-{currency}": as_typed(amounts[currency], currency)
            for currency in self.currencies
            if currency in amounts
        }

    def _benefit_values(self, benefit: Benefit) -> Values:
        match benefit:
            case PercentOff():
                return {"benefit": "percent", "percent": benefit.percent}
            case AmountOff():
                return {"benefit": "amount", **self._amount_values("amount", benefit.amounts)}
            case UnitPrice():
                return {"benefit": "unit_price", **self._amount_values("amount", benefit.prices)}
            case FreeDelivery():
                return {"benefit": "free_delivery", "methods": "\n".join(benefit.methods)}
            case BuyGet():
                bought = {"buy": str(benefit.buy), "get": str(benefit.get)}
                return {"benefit": "buy_get", "percent": benefit.percent, **bought}
            case Tiered():
                return {
                    "benefit": "tiers",
                    "tiers": "\n".join(self._tier_typed(tier) for tier in benefit.tiers),
                }

    def _benefit(self, reading: Reading) -> Benefit:
        percent = decimal_point(reading.text("percent"))
        match reading.text("benefit"):
            case "amount":
                return AmountOff(amounts=reading.amounts("amount", self.currencies))
            case "unit_price":
                return UnitPrice(prices=reading.amounts("amount", self.currencies))
            case "free_delivery":
                return FreeDelivery(methods=reading.lines("methods"))
            case "buy_get":
                return BuyGet(buy=reading.number("buy"), get=reading.number("get"), percent=percent or "100")
            case "tiers":
                return Tiered(tiers=self._tiers(reading))
            case _:
                return PercentOff(percent=percent)

    def _tier_typed(self, tier: Tier) -> str:
        amounts = " + ".join(
            f"{as_typed(amount, Currency(currency))} {currency}" for currency, amount in tier.items.items()
        )
        return f"{amounts or tier.quantity}: {tier.percent}"

    def _tiers(self, reading: Reading) -> list[Tier]:
        """A line each: `3: 10` from three articles on, `50.00 EUR + 55.00 USD: 10` from these amounts on."""
        found = []
        for line in filter(str.strip, reading.text("tiers").split("\n")):
            start, _, percent = line.partition(":")
            try:
                found.append(self._tier(start.strip(), decimal_point(percent.strip())))
            except (RialtoError, ValueError):
                reading.refuse("tiers", "tier_not_valid", f"{line.strip()[:60]!r} is no tier.")
        return found

    def _tier(self, start: str, percent: str) -> Tier:
        if start.isascii() and start.isdigit() and len(start) <= 6:
            return Tier(percent=percent, quantity=int(start))
        items: dict[str, int] = {}
        for part in start.split("+"):
            amount, code = part.split()
            currency = Currency(code.upper())
            if currency not in self.currencies:
                raise ValueError(code)
            items[currency] = parse_decimal(decimal_point(amount), currency).amount
        return Tier(percent=percent, items=items)
