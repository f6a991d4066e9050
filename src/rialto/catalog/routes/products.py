"""Products, categories and attributes as staff edit them on the web."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Response, get, post, put
from litestar.params import FromPath, JSONBody, QueryParameter

from rialto.catalog.api import (
    AttributeDefinition,
    AttributeDefinitions,
    AttributeInUse,
    Catalog,
    Categories,
    Category,
    CategoryNotFound,
    ListProducts,
    Picture,
    Product,
    ProductChanged,
    ProductDraft,
    ProductNotFound,
    ProductRef,
    Products,
    PutProduct,
    SetPublished,
    SkuTaken,
    SlugTaken,
    Texts,
)
from rialto.kernel.http import IfMatch, Injected, about, etag, if_match, requires
from rialto.kernel.ids import ProductId
from rialto.kernel.service import Frozen, Nothing

TAG = "staff: products"
SAVE = (CategoryNotFound, SlugTaken, SkuTaken)
CHANGE = (ProductNotFound, ProductChanged)
READ = [requires("catalog.read")]
WRITE = [requires("catalog.write")]


class CategoryInput(Frozen):
    """A category without its slug, which stands in the address."""

    title: Texts
    parent: str | None = None
    position: int = 0
    description: Texts = {}
    image: Picture | None = None


class AttributeInput(Frozen):
    """A definition without its code, which stands in the address."""

    label: Texts
    type: str = "choice"
    unit: str | None = None
    filterable: bool = False
    values: dict[str, Texts] = {}
    order: list[str] = []


@get(
    "/v1/admin/products",
    guards=READ,
    **about("list_all_products", "List products", tag=TAG, refuses=[ProductNotFound]),
)
async def list_products(
    catalog: Injected[Catalog],
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, QueryParameter(max_length=60)] = None,
) -> Products:
    """Products in the order they were made, published or not."""
    after = None if cursor is None else ProductId(cursor)
    return await catalog.list_products(ListProducts(cursor=after, limit=limit))


@post(
    "/v1/admin/products",
    guards=WRITE,
    **about("create_product", "Create a product", tag=TAG, refuses=SAVE, answers={200: Product}, tagged=True),
)
async def create_product(catalog: Injected[Catalog], data: JSONBody[ProductDraft]) -> Response[Product]:
    """Create a product. The same draft again answers 200 with what is stored; another one: `slug_taken`."""
    outcome = await catalog.put_product(PutProduct(draft=data, expected_version=0))
    return _tagged(outcome.product, status=201 if outcome.outcome == "created" else 200)


@get(
    "/v1/admin/products/{product_id:str}",
    guards=READ,
    **about("read_product", "Read a product", tag=TAG, refuses=[ProductNotFound], tagged=True),
)
async def get_product(catalog: Injected[Catalog], product_id: FromPath[str]) -> Response[Product]:
    """One product, by id or slug; its ETag is what changes are based on."""
    return _tagged(await catalog.get_product(ProductRef(ref=product_id)))


@put(
    "/v1/admin/products/{product_id:str}",
    guards=WRITE,
    **about("replace_product", "Replace a product", tag=TAG, refuses=[*CHANGE, *SAVE], tagged=True),
)
async def replace_product(
    catalog: Injected[Catalog],
    product_id: FromPath[str],
    data: JSONBody[ProductDraft],
    based_on: IfMatch = None,
) -> Response[Product]:
    """Replace a product as a whole."""
    version = if_match(based_on)
    command = PutProduct(id=ProductId(product_id), draft=data, expected_version=version)
    return _tagged((await catalog.put_product(command)).product)


@post(
    "/v1/admin/products/{product_id:str}/publish",
    guards=WRITE,
    status_code=200,
    **about("publish_product", "Publish a product", tag=TAG, refuses=CHANGE, tagged=True),
)
async def publish_product(
    catalog: Injected[Catalog], product_id: FromPath[str], based_on: IfMatch = None
) -> Response[Product]:
    """Show it to shoppers."""
    return await _set_published(catalog, product_id, published=True, based_on=based_on)


@post(
    "/v1/admin/products/{product_id:str}/unpublish",
    guards=WRITE,
    status_code=200,
    **about("unpublish_product", "Unpublish a product", tag=TAG, refuses=CHANGE, tagged=True),
)
async def unpublish_product(
    catalog: Injected[Catalog], product_id: FromPath[str], based_on: IfMatch = None
) -> Response[Product]:
    """Hide it from shoppers; carts that hold it can no longer be bought."""
    return await _set_published(catalog, product_id, published=False, based_on=based_on)


@get("/v1/admin/categories", guards=READ, **about("list_all_categories", "List categories", tag=TAG))
async def list_categories(catalog: Injected[Catalog]) -> Categories:
    """The whole tree."""
    return await catalog.categories(Nothing())


@put(
    "/v1/admin/categories/{slug:str}",
    guards=WRITE,
    **about(
        "put_category",
        "Create or replace a category",
        tag=TAG,
        example={"title": {"en": "Mugs", "de": "Becher"}},
    ),
)
async def put_category(
    catalog: Injected[Catalog], slug: FromPath[str], data: JSONBody[CategoryInput]
) -> Category:
    """Create or replace a category."""
    return await catalog.put_category(
        Category(
            slug=slug,
            title=data.title,
            parent=data.parent,
            position=data.position,
            description=data.description,
            image=data.image,
        )
    )


@get("/v1/admin/attributes", guards=READ, **about("list_attributes", "List attributes", tag=TAG))
async def list_attributes(catalog: Injected[Catalog]) -> AttributeDefinitions:
    """All attribute definitions."""
    return await catalog.attributes(Nothing())


@put(
    "/v1/admin/attributes/{attribute_code:str}",
    guards=WRITE,
    **about(
        "put_attribute",
        "Create or replace an attribute",
        tag=TAG,
        refuses=[AttributeInUse],
        example={
            "label": {"en": "Finish", "de": "Oberfläche"},
            "filterable": True,
            "values": {"matt": {"en": "Matt", "de": "Matt"}, "glossy": {"en": "Glossy", "de": "Glänzend"}},
            "order": ["matt", "glossy"],
        },
    ),
)
async def put_attribute(
    catalog: Injected[Catalog], attribute_code: FromPath[str], data: JSONBody[AttributeInput]
) -> AttributeDefinition:
    """Create or replace a definition. Values that products hold cannot be taken away: `attribute_in_use`."""
    return await catalog.put_attribute(
        AttributeDefinition(
            code=attribute_code,
            label=data.label,
            type=data.type,
            unit=data.unit,
            filterable=data.filterable,
            values=data.values,
            order=data.order,
        )
    )


async def _set_published(
    catalog: Catalog, product_id: str, *, published: bool, based_on: str | None
) -> Response[Product]:
    version = if_match(based_on)
    command = SetPublished(id=ProductId(product_id), published=published, expected_version=version)
    return _tagged(await catalog.set_published(command))


def _tagged(product: Product, *, status: int = 200) -> Response[Product]:
    return Response(product, status_code=status, headers={"ETag": etag(product.version)})


ROUTES: list[Any] = [
    list_products,
    create_product,
    get_product,
    replace_product,
    publish_product,
    unpublish_product,
    list_categories,
    put_category,
    list_attributes,
    put_attribute,
]
