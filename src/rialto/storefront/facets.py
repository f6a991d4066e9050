"""Which filters a list offers at once: few enough to be read, the rest one link away (`?more=colour`, `?more=filters`).

A page must stay light and a person must see the end of it: a catalogue may have dozens of attributes with a hundred
values each. What is chosen is always shown.
"""

from __future__ import annotations

from collections.abc import Sequence

from rialto.kernel.service import Frozen
from rialto.search.api import Facet, FacetValue

FACETS_SHOWN = 7
VALUES_SHOWN = 10
# One value more than fits is shown rather than linked to.
VALUES_TOLERATED = 2
EVERY_FACET = "filters"


class ShownFacet(Frozen):
    """A facet with the values shown; `hidden` counts those that `?more=` its code would add."""

    code: str
    label: str
    unit: str | None
    values: list[FacetValue]
    chosen: int
    hidden: int


class ShownFacets(Frozen):
    items: list[ShownFacet]
    hidden: int


def shown_facets(facets: Sequence[Facet], total: int, more: str) -> ShownFacets:
    """`total` is how many products the list has: a facet that cannot make it shorter is left out."""
    useful = [facet for facet in facets if _chosen(facet) or _narrows(facet, total)]
    # Measures have a value per product and narrow little: kinds, colours and materials come first.
    useful.sort(key=lambda facet: facet.unit is not None)
    kept = [
        facet
        for position, facet in enumerate(useful)
        if position < FACETS_SHOWN or more in {EVERY_FACET, facet.code} or _chosen(facet)
    ]
    return ShownFacets(items=[_shown(facet, more) for facet in kept], hidden=len(useful) - len(kept))


def _narrows(facet: Facet, total: int) -> bool:
    return any(value.count < total for value in facet.values)


def _chosen(facet: Facet) -> int:
    return sum(value.chosen for value in facet.values)


def _shown(facet: Facet, more: str) -> ShownFacet:
    values = facet.values
    if more != facet.code and len(values) > VALUES_SHOWN + VALUES_TOLERATED:
        ranked = sorted(values, key=lambda value: (not value.chosen, -value.count))
        kept = {value.value for value in ranked[: max(VALUES_SHOWN, _chosen(facet))]}
        values = [value for value in values if value.value in kept]
    return ShownFacet(
        code=facet.code,
        label=facet.label,
        unit=facet.unit,
        values=values,
        chosen=_chosen(facet),
        hidden=len(facet.values) - len(values),
    )
