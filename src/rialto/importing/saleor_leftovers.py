"""What a Saleor dump holds and this import has no place for: whole kinds of records, and fields of the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rialto.importing.dump import Dump, Record
from rialto.importing.model import NotImported
from rialto.importing.saleor_names import ASSUMED, BOOKKEEPING, OWNERS, REASONS, USED

NO_FIELD = "there is no field for it"
NO_PLACE = "there is no place for it"


def leftovers(dump: Dump) -> Iterator[NotImported]:
    """One entry per kind of record that is not read at all, and per field of the others that says something."""
    for model in dump.models:
        records = dump.of(model)
        if model not in USED:
            reason = next((text for start, text in REASONS.items() if model.startswith(start)), NO_PLACE)
            yield NotImported(what=model, rows=len(records), reason=reason)
            continue
        counts: dict[str, int] = {}
        for record in records:
            for field in record.fields:
                if field not in USED[model] and field not in BOOKKEEPING and _says(record, field, ASSUMED):
                    counts[field] = counts.get(field, 0) + 1
        for field, rows in counts.items():
            yield NotImported(what=f"{model}: {field}", rows=rows, reason=NO_FIELD)
        yield from _orphans(dump, model)


def _orphans(dump: Dump, model: str) -> Iterator[NotImported]:
    """Records that belong to one which is not in the file: nobody reads them."""
    field, owner = OWNERS.get(model, ("", ""))
    rows = sum(1 for one in dump.of(model) if field and dump.find(owner, str(one.fields.get(field))) is None)
    if rows:
        yield NotImported(
            what=f"{model} without a {owner}", rows=rows, reason="what it belongs to is not in the file"
        )


def _says(record: Record, field: str, assumed: Mapping[str, object]) -> bool:
    """Whether it differs from what is so here anyway."""
    return record.fields[field] != assumed[field] if field in assumed else record.holds(field)
