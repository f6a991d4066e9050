"""Promotions on the web: what is given to whom, and why a cart does or does not get it."""

from __future__ import annotations

from typing import Any

from litestar import Response, delete, get, post, put
from litestar.params import FromPath, JSONBody

from rialto.kernel.http import IfMatch, Injected, about, etag, if_match, requires
from rialto.kernel.service import Frozen, Nothing
from rialto.pricing.api import (
    Benefit,
    Conditions,
    DeliveryUnavailable,
    EndPromotion,
    Preview,
    PreviewFor,
    Pricing,
    Promotion,
    PromotionChanged,
    PromotionInUse,
    PromotionRef,
    Promotions,
    PromotionTaken,
    PromotionUnknown,
    PutPromotion,
    RemovePromotion,
    Selection,
    StoredPromotion,
)

TAG = "staff: promotions"
READ = [requires("pricing.read")]
WRITE = [requires("pricing.write")]
CHANGE = (PromotionUnknown, PromotionChanged)
EXAMPLE = {
    "title": {"en": "Spring sale", "de": "Frühlingsangebot"},
    "benefit": {"type": "percent", "percent": "10"},
    "applies_to": {"categories": ["lamps"]},
    "conditions": {"items_min": {"EUR": 5000}, "ends_at": "2027-06-01T00:00:00Z"},
    "needs_code": True,
    "position": 10,
}


class PromotionInput(Frozen):
    """A promotion without its id, which stands in the address."""

    title: dict[str, str]
    benefit: Benefit
    applies_to: Selection = Selection()
    conditions: Conditions = Conditions()
    needs_code: bool = False
    position: int = 0
    exclusive: bool = False
    not_with: list[str] = []
    active: bool = True

    def named(self, promotion_id: str) -> Promotion:
        """The promotion of this id."""
        return Promotion(
            id=promotion_id,
            title=self.title,
            benefit=self.benefit,
            applies_to=self.applies_to,
            conditions=self.conditions,
            needs_code=self.needs_code,
            position=self.position,
            exclusive=self.exclusive,
            not_with=self.not_with,
            active=self.active,
        )


@get("/v1/admin/promotions", guards=READ, **about("list_promotions", "List promotions", tag=TAG))
async def list_promotions(pricing: Injected[Pricing]) -> Promotions:
    """All of them, in the order in which they are looked at; each with the version that its ETag shows."""
    return await pricing.promotions(Nothing())


@post(
    "/v1/admin/promotions",
    guards=WRITE,
    **about(
        "create_promotion",
        "Create a promotion",
        tag=TAG,
        refuses=[PromotionTaken],
        tagged=True,
        example={"id": "spring", **EXAMPLE},
    ),
)
async def create_promotion(
    pricing: Injected[Pricing], data: JSONBody[Promotion]
) -> Response[StoredPromotion]:
    """Create a promotion. The same again answers the same; another one of that id: `promotion_taken`."""
    stored = await pricing.put_promotion(PutPromotion(promotion=data, expected_version=0))
    return _tagged(stored, status=201)


@post(
    "/v1/admin/promotions/preview",
    guards=READ,
    status_code=200,
    **about(
        "preview_promotions",
        "Try a cart",
        tag=TAG,
        refuses=[DeliveryUnavailable],
        example={
            "items": [{"sku": "MUG-STONE", "quantity": 2}],
            "currency": "EUR",
            "codes": ["SPRING27"],
        },
    ),
)
async def preview_promotions(pricing: Injected[Pricing], data: JSONBody[PreviewFor]) -> Preview:
    """What a cart would cost, and of each promotion what it gives or why it is not given. Changes nothing."""
    return await pricing.preview(data)


@get(
    "/v1/admin/promotions/{promotion_id:str}",
    guards=READ,
    **about("read_promotion", "Read a promotion", tag=TAG, refuses=[PromotionUnknown], tagged=True),
)
async def read_promotion(
    pricing: Injected[Pricing], promotion_id: FromPath[str]
) -> Response[StoredPromotion]:
    """One promotion; its ETag is what changes are based on."""
    return _tagged(await pricing.promotion(PromotionRef(id=promotion_id)))


@put(
    "/v1/admin/promotions/{promotion_id:str}",
    guards=WRITE,
    **about(
        "replace_promotion",
        "Replace a promotion",
        tag=TAG,
        refuses=[*CHANGE, PromotionTaken],
        tagged=True,
        example=EXAMPLE,
    ),
)
async def replace_promotion(
    pricing: Injected[Pricing],
    promotion_id: FromPath[str],
    data: JSONBody[PromotionInput],
    based_on: IfMatch = None,
) -> Response[StoredPromotion]:
    """Replace a promotion as a whole; based on `"0"`, make it. Orders that were placed keep what they were given."""
    command = PutPromotion(promotion=data.named(promotion_id), expected_version=if_match(based_on))
    return _tagged(await pricing.put_promotion(command))


@post(
    "/v1/admin/promotions/{promotion_id:str}/end",
    guards=WRITE,
    status_code=200,
    **about("end_promotion", "End a promotion", tag=TAG, refuses=CHANGE, tagged=True),
)
async def end_promotion(
    pricing: Injected[Pricing], promotion_id: FromPath[str], based_on: IfMatch = None
) -> Response[StoredPromotion]:
    """Nobody is given it from now on; it stays, inactive, with its codes and their uses."""
    version = if_match(based_on)
    return _tagged(await pricing.end_promotion(EndPromotion(id=promotion_id, expected_version=version)))


@delete(
    "/v1/admin/promotions/{promotion_id:str}",
    guards=WRITE,
    **about("remove_promotion", "Remove a promotion", tag=TAG, refuses=[*CHANGE, PromotionInUse]),
)
async def remove_promotion(
    pricing: Injected[Pricing], promotion_id: FromPath[str], based_on: IfMatch = None
) -> None:
    """Remove it and its codes, as long as none of them was used; after that it can only be ended."""
    version = if_match(based_on)
    await pricing.remove_promotion(RemovePromotion(id=promotion_id, expected_version=version))


def _tagged(stored: StoredPromotion, *, status: int = 200) -> Response[StoredPromotion]:
    return Response(stored, status_code=status, headers={"ETag": etag(stored.version)})


ROUTES: list[Any] = [
    list_promotions,
    create_promotion,
    preview_promotions,
    read_promotion,
    replace_promotion,
    end_promotion,
    remove_promotion,
]
