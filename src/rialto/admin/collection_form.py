"""A collection as a form: its texts, and either the conditions of a rule or products; and back again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rialto.admin.conflicts import Field
from rialto.admin.forms import ON, Reading, Values, as_typed, decimal_point, switch_typed
from rialto.admin.tables import Choice
from rialto.catalog.api import AttributeDefinition, Collection, CollectionRule, PriceBand
from rialto.kernel.money import Currency
from rialto.kernel.service import Frozen
from rialto.storefront.texts import Texts

RULE, HAND = "rule", "hand"
KINDS = (RULE, HAND)
STOCKS = ("in_stock", "few_left")
TEXTS = ("title", "description")
PLAIN = ("kind", "products", "featured", "stock", "newer_than_days", "categories")
ENDS = ("low", "high")


class Condition(Frozen):
    """The field of an attribute. Without `choices` its values are typed, one a line."""

    name: str
    label: str
    choices: list[Choice]


class CollectionForm:
    """The form of a shop with these languages, currencies and attributes to filter by."""

    def __init__(
        self,
        languages: Sequence[str],
        currencies: Sequence[Currency],
        definitions: Sequence[AttributeDefinition],
    ) -> None:
        self.languages = languages
        self.currencies = currencies
        self.definitions = definitions

    def empty(self) -> Values:
        """Of a collection that is yet to be."""
        return {**dict.fromkeys(self._names(), ""), "kind": RULE}

    def values(self, collection: Collection) -> Values:
        """As the form shows it. A band without ends, which any price meets, is one from nothing up."""
        rule = collection.rule or CollectionRule()
        bands = {
            f"{end}-{currency}": as_typed(amount, Currency(currency))
            for currency, band in rule.prices.items()
            for end, amount in (("low", 0 if band == PriceBand() else band.low), ("high", band.high))
            if amount is not None
        }
        return {
            **self.empty(),
            **{f"title-{language}": text for language, text in collection.title.items()},
            **{f"description-{language}": text for language, text in collection.description.items()},
            **bands,
            **{f"attribute-{code}": "\n".join(values) for code, values in rule.attributes.items()},
            "kind": HAND if collection.rule is None else RULE,
            "products": "\n".join(collection.products),
            "featured": switch_typed(rule.featured),
            "stock": rule.stock or "",
            "newer_than_days": str(rule.newer_than_days or ""),
            "categories": "\n".join(rule.categories),
        }

    def collection(self, slug: str, reading: Reading) -> Collection:
        """What was typed, of the kind that was chosen. Raises Invalid naming the fields."""
        by_hand = reading.text("kind") == HAND
        collection = Collection(
            slug=slug,
            title=reading.by_language("title", self.languages),
            description=reading.by_language("description", self.languages),
            rule=None if by_hand else self._rule(reading),
            products=reading.lines("products") if by_hand else [],
        )
        reading.end()
        return collection

    def conditions(self, values: Mapping[str, str], texts: Texts) -> list[Condition]:
        """A field for each attribute; what was chosen once and is no value any more can still be taken out."""
        found = []
        for definition in self.definitions:
            name = f"attribute-{definition.code}"
            words = _words(definition, texts)
            strays = [one for one in _lines(values.get(name, "")) if words and one not in words]
            choices = [*words.items(), *((stray, stray) for stray in strays)]
            found.append(
                Condition(
                    name=name,
                    label=_label(definition, texts.language),
                    choices=[Choice(value=value, label=label) for value, label in choices],
                )
            )
        return found

    def fields(self, texts: Texts) -> list[Field]:
        """All of them with what they are called, for showing two versions beside each other."""
        words = {
            "kind": {kind: texts(f"collections.kind.{kind}") for kind in KINDS},
            "featured": {ON: texts("form.yes"), "": texts("form.no")},
            "stock": {"": texts("collections.stock.any")}
            | {stock: texts(f"collections.stock.{stock}") for stock in STOCKS},
        }
        return [
            *(
                Field(name=f"{name}-{each}", label=f"{texts(f'collections.{name}')} ({each})")
                for each in self.languages
                for name in TEXTS
            ),
            *(
                Field(name=name, label=texts(f"collections.{name}"), words=words.get(name, {}))
                for name in PLAIN
            ),
            *(
                Field(name=f"{end}-{each}", label=f"{texts(f'collections.{end}')} ({each})")
                for each in self.currencies
                for end in ENDS
            ),
            *(
                Field(
                    name=f"attribute-{each.code}",
                    label=_label(each, texts.language),
                    words=_words(each, texts),
                )
                for each in self.definitions
            ),
        ]

    def place(self, path: str) -> tuple[str, str]:
        """Which field a path of the command is, and the number of the line in it, or nothing."""
        start, _, rest = path.removeprefix("rule.").partition(".")
        match start:
            case "title" | "description":
                return f"{start}-{rest or self.languages[0]}", ""
            case "prices" if rest:
                currency, _, end = rest.partition(".")
                return f"{end or 'low'}-{currency}", ""
            case "attributes" if rest:
                code, _, line = rest.partition(".")
                return f"attribute-{code}", line
            case "rule" | "attributes" | "prices":
                return "kind", ""
            case _:
                return start, rest

    def lines(self, values: Mapping[str, str], name: str) -> list[str]:
        """The values of a field of several, in the order in which they were sent on."""
        typed = values.get(name, "")
        return _lines(typed) if name.startswith("attribute-") else Reading(values).lines(name)

    def _rule(self, reading: Reading) -> CollectionRule:
        rule = CollectionRule(
            attributes=self._attributes(reading),
            prices=self._prices(reading),
            stock=reading.text("stock") or None,
            newer_than_days=reading.number_or_none("newer_than_days"),
            categories=reading.lines("categories"),
            featured=reading.is_on("featured"),
        )
        if rule == CollectionRule():
            reading.refuse("kind", "condition_missing", "A rule needs at least one condition.")
        return rule

    def _attributes(self, reading: Reading) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for definition in self.definitions:
            values = _lines(reading.text(f"attribute-{definition.code}"))
            if values:
                is_number = definition.type == "number"
                found[definition.code] = [decimal_point(each) for each in values] if is_number else values
        return found

    def _prices(self, reading: Reading) -> dict[str, PriceBand]:
        bands = {
            str(currency): PriceBand(
                low=reading.amount(f"low-{currency}", currency),
                high=reading.amount(f"high-{currency}", currency),
            )
            for currency in self.currencies
        }
        return {currency: band for currency, band in bands.items() if band != PriceBand()}

    def _names(self) -> list[str]:
        return [
            *(f"{name}-{language}" for language in self.languages for name in TEXTS),
            *PLAIN,
            *(f"{end}-{currency}" for currency in self.currencies for end in ENDS),
            *(f"attribute-{definition.code}" for definition in self.definitions),
        ]


def _label(definition: AttributeDefinition, language: str) -> str:
    label = definition.label.get(language) or definition.code
    return f"{label} ({definition.unit})" if definition.unit else label


def _words(definition: AttributeDefinition, texts: Texts) -> dict[str, str]:
    """What its values are called; nothing where they are typed."""
    match definition.type:
        case "choice":
            codes = dict.fromkeys([*definition.order, *definition.values])
            told = {code: definition.values[code] for code in codes if code in definition.values}
            return {code: label.get(texts.language) or code for code, label in told.items()}
        case "boolean":
            return {"true": texts("form.yes"), "false": texts("form.no")}
        case _:
            return {}


def _lines(text: str) -> list[str]:
    """One value per line, each once: a comma may be part of it."""
    return list(dict.fromkeys(line.strip() for line in text.split("\n") if line.strip()))
