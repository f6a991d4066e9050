"""I13 for reviews: what is kept beside the reviews is what they come to."""

from __future__ import annotations

from rialto.kernel.audit import FINDINGS_MAX, Audit, Finding
from rialto.kernel.documents import Documents
from rialto.kernel.ids import ProductId
from rialto.kernel.service import Env
from rialto.reviews.api import STARS_MAX
from rialto.reviews.model.summaries import rated, recount
from rialto.reviews.store import REVIEWS, SUMMARIES, everything, last_told


async def summaries_are_the_recount(e: Env) -> list[Finding]:
    """Each product's summary, and what was last told of it, equal a count of its published reviews."""
    documents: Documents = e.engine("documents")
    truth: dict[ProductId, list[int]] = {}
    async for stored in everything(documents, REVIEWS):
        recount(truth, stored.value)
    kept = {one.key: one.value async for one in everything(documents, SUMMARIES)}
    found: list[Finding] = []
    async with e.db.read() as session:
        for name in sorted({*truth, *kept}):
            product_id = ProductId(name)
            counted = truth.get(product_id, [0] * STARS_MAX)
            summary = kept.get(name)
            said = rated(summary)
            if said.histogram != counted:
                found.append(_finding(name, f"summary {said.histogram}, recount {counted}"))
                continue
            told = await last_told(session, product_id)
            if summary is not None and (told is None or told.histogram != counted):
                what = "nothing" if told is None else str(told.histogram)
                found.append(_finding(name, f"told {what}, recount {counted}"))
    return found[:FINDINGS_MAX]


def _finding(subject: str, text: str) -> Finding:
    return Finding(invariant="I13", subject=subject, text=text)


AUDITS: tuple[Audit, ...] = (summaries_are_the_recount,)
