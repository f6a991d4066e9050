"""From what sources say about attributes to definitions and typed values.

The shop's own definition always decides; where it has none, all texts of the source decide together: yes and no
make a boolean, numbers a number, short texts a choice, anything else a text. Inferred definitions only add.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from rialto.catalog.api import AttributeDefinition, AttributeValue, ProductDraft, Texts
from rialto.importing.cells import SEPARATOR, named
from rialto.importing.model import AttributeRow, NotImported, Problem, ProductRow, Said
from rialto.importing.words import (
    NO,
    YES,
    converted,
    decimal_number,
    decimal_text,
    is_convertible,
    is_decimal,
    measure,
    slug_of,
    yes_or_no,
)
from rialto.kernel.errors import Invalid, RialtoError

CHOICE_LENGTH_MAX = 80
FACET_VALUES_MAX = 20  # a longer list of values helps nobody to choose


def definitions_of(
    known: Mapping[str, AttributeDefinition],
    rows: Sequence[AttributeRow],
    products: Sequence[ProductRow],
    language: str,
) -> dict[str, AttributeDefinition]:
    """The definitions that the products need, as they are to be saved; those unchanged are included."""
    wanted: dict[str, AttributeDefinition] = {}
    for row in rows:
        code = row.definition.code
        before = wanted.get(code) or known.get(code)
        wanted[code] = (
            _merged(before, row.definition) if row.inferred and before else _ordered(row.definition)
        )
    said: dict[str, list[Said]] = {}
    for product in products:
        for one in product.said:
            said.setdefault(one.code, []).append(one)
    for code, texts in said.items():
        before = wanted.get(code) or known.get(code)
        inferred = _inferred(texts, language, before.type if before else _kind([one.text for one in texts]))
        wanted[code] = _merged(before, inferred) if before else inferred
    return wanted


def _inferred(said: Sequence[Said], language: str, kind: str) -> AttributeDefinition:
    """What these texts would be defined as if nothing else were known than the type."""
    values = _values(said, language) if kind == "choice" else {}
    return AttributeDefinition(
        code=said[0].code,
        label=said[0].label,
        type=kind,
        unit=said[0].unit if kind == "number" else None,
        filterable=kind == "choice" and len(values) <= FACET_VALUES_MAX,
        values=values,
        order=list(values),
    )


def _kind(texts: Sequence[str]) -> str:
    if all(text.lower() in YES | NO and not is_decimal(text) for text in texts):
        return "boolean"
    if all(is_decimal(text) for text in texts):
        return "number"
    if any(len(text) > CHOICE_LENGTH_MAX or "\n" in text for text in texts):
        return "text"
    return "choice"


def _values(said: Iterable[Said], language: str) -> dict[str, Texts]:
    """All texts as values of a choice: code → names."""
    values: dict[str, Texts] = {}
    for one in said:
        parts = _parts(one)
        labels = {other: _split(text) for other, text in one.labels.items()}
        for index, (code, name) in enumerate(parts):
            names = values.setdefault(code, {language: name})
            for other, texts in labels.items():
                if len(texts) == len(parts):
                    names.setdefault(other, texts[index])
    return values


def _parts(said: Said) -> list[tuple[str, str]]:
    """(code, name) of each value."""
    parts = [named(part) if said.coded else (part, None) for part in _split(said.text)]
    return [(code or slug_of(name), name) for name, code in parts]


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(SEPARATOR) if part.strip()]


def _merged(before: AttributeDefinition, more: AttributeDefinition) -> AttributeDefinition:
    """What is there, with values and names that it does not have yet."""
    label = {**more.label, **before.label}
    if before.type != "choice":
        return msgspec.structs.replace(before, label=label)
    values = {code: {**more.values.get(code, {}), **names} for code, names in before.values.items()}
    values |= {code: names for code, names in more.values.items() if code not in values}
    return _ordered(msgspec.structs.replace(before, label=label, values=values))


def _ordered(definition: AttributeDefinition) -> AttributeDefinition:
    """As the catalogue will answer it: the order names every value."""
    rest = [code for code in definition.values if code not in definition.order]
    return msgspec.structs.replace(definition, order=[*definition.order, *rest])


def typed_draft(
    row: ProductRow, definitions: Mapping[str, AttributeDefinition], left_out: list[NotImported]
) -> ProductDraft | Problem:
    """The draft with what was said as values of the definitions' types, or why one cannot be."""
    values: dict[str, AttributeValue] = dict(row.draft.attributes)
    for said in row.said:
        definition = definitions[said.code]
        try:
            values[said.code] = _typed(said, definition)
        except RialtoError as refused:
            if not said.dispensable:
                reason = f"{said.code}: {refused.text}"
                return Problem(file=row.file, line=said.line, reason=reason, product=row.draft.slug)
            unit = f" in {definition.unit}" if definition.unit else ""
            reason = f"some do not fit the attribute of the shop, a {definition.type}{unit}"
            left_out.append(NotImported(what=f"{row.file}: {said.code}", rows=1, reason=reason))
    return msgspec.structs.replace(row.draft, attributes=values)


def _typed(said: Said, definition: AttributeDefinition) -> AttributeValue:
    """Raises Invalid when the text is no value of this type."""
    if definition.type == "number":
        return _number(said, definition)
    if said.unit:
        raise Invalid(f"the shop has no number here, but a {definition.type}.")
    if definition.type == "choice":
        codes = list(dict.fromkeys(code for code, _ in _parts(said)))
        # A separator behind the only value says that it is a list all the same.
        return codes[0] if len(codes) == 1 and SEPARATOR not in said.text else codes
    if definition.type == "boolean":
        return yes_or_no(said.text)
    return said.text


def _number(said: Said, definition: AttributeDefinition) -> str:
    """In the definition's unit: the text's own (`1.5 L`), else the column's, else taken to be the definition's."""
    amount, unit = measure(said.text) or (said.text, said.unit)
    if not unit:
        return decimal_text(decimal_number(amount))
    if not is_convertible(unit, definition.unit):
        raise Invalid(f"{unit[:16]!r} is not what the shop measures it in ({definition.unit or 'no unit'}).")
    return converted(amount, unit, definition.unit or unit)
