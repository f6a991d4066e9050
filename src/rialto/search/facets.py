"""The facets of a list: counted by `model.counts`, then labelled, ordered and cut to a readable length."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from rialto.catalog.api import AttributeDefinition
from rialto.search.api import Facet, FacetValue
from rialto.search.columns import Posting
from rialto.search.definitions import decimal_of
from rialto.search.front import Front
from rialto.search.model import counts
from rialto.search.rendering import Rendering

VALUES_MAX = 100


def facets_of(
    front: Front, rendering: Rendering, base: int, chosen: Mapping[str, frozenset[str]]
) -> list[Facet]:
    """Facets of the products in `base` under the chosen values, in the order of the definitions.

    Values that would show nothing are left out unless they are chosen.
    """
    choices = {code: front.value_bits(code, values) for code, values in chosen.items()}
    postings: dict[str, Mapping[str, Posting]] = {
        definition.code: front.values.get(definition.code, {})
        for definition in front.definitions.attributes
        if definition.filterable
    }
    counted = counts(postings, front.rows, choices=choices, base=base)
    found: list[Facet] = []
    for definition in front.definitions.attributes:
        if definition.filterable:
            picked = chosen.get(definition.code, frozenset())
            values = _values(definition, counted[definition.code], picked, rendering)
            if values:
                label = rendering.attribute_label(definition, definition.code)
                found.append(Facet(code=definition.code, label=label, unit=definition.unit, values=values))
    return found


def _values(
    definition: AttributeDefinition, counted: Mapping[str, int], chosen: frozenset[str], rendering: Rendering
) -> list[FacetValue]:
    shown = {value: count for value, count in counted.items() if count or value in chosen}
    shown |= {value: 0 for value in chosen if value not in shown}
    if len(shown) > VALUES_MAX:
        commonest = sorted(shown, key=lambda value: (value not in chosen, -shown[value], value))[:VALUES_MAX]
        shown = {value: shown[value] for value in commonest}
    values = [
        FacetValue(
            value=value, label=rendering.value_label(definition, value), count=count, chosen=value in chosen
        )
        for value, count in shown.items()
    ]
    places = {value: place for place, value in enumerate(definition.order or definition.values)}
    match definition.type:
        case "number":
            return sorted(values, key=lambda each: (decimal_of(each.value) or Decimal(0), each.value))
        case "boolean":
            return sorted(values, key=lambda each: each.value != "true")
        case "choice":
            return sorted(
                values, key=lambda each: (places.get(each.value, len(places)), each.label, each.value)
            )
        case _:
            return sorted(values, key=lambda each: (-each.count, each.label, each.value))
