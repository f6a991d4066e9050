"""Who is looking, in which language, currency and channel; the cookies that remember it."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode, urlsplit

from litestar import Request, Response
from litestar.datastructures import Cookie

from rialto.cart.api import Cart, CartNotFound, CartRef, Carts, NewCart
from rialto.catalog.api import Channel, ChannelClosed, address_of, origins_of
from rialto.kernel.errors import Denied, NotFound
from rialto.kernel.http import Injected, customer_of, host_of, outage_of
from rialto.kernel.ids import CART, AccountId, CartId
from rialto.kernel.money import Currency
from rialto.kernel.reaching import Outage
from rialto.kernel.service import Frozen
from rialto.kernel.settings import Settings
from rialto.search.api import ChannelFor, Search, View
from rialto.storefront import accents, logos
from rialto.storefront.logos import ShownLogo
from rialto.storefront.security import origin_of
from rialto.storefront.texts import LANGUAGES, Texts, texts_of

AnyRequest = Request[Any, Any, Any]

# Until the merchant gives another.
SHOP_NAME = "Rialto"
CART_COOKIE = "cart"
HINT_COOKIE = "has_cart"
MEMBER_COOKIE = "member"
LANGUAGE_COOKIE = "language"
CURRENCY_COOKIE = "currency"
YEAR_S = 365 * 24 * 3600
CART_S = 60 * 24 * 3600
# What a closed shop front still answers: whoever bought there sees to the order, and to their data.
WHILE_CLOSED = re.compile(r"/[a-z]{2}/(?:account|orders|checkout/return|pages|back-in-stock|reviews)(?:/|$)")
MEMBER_S = 60 * 24 * 3600  # longer than a session lives, so that one that ended is noticed


class Visit(Frozen):
    """One request's surroundings. A shared, cached page is shaped by none of `cart_id`, `account_id` and `lapsed`.

    `lapsed`: somebody was signed in here who did not sign out, and the session is over. `outage`: the shop's database is
    away; there is only what is remembered.
    """

    path: str
    query: tuple[tuple[str, str], ...]
    language: str
    currency: Currency
    channel: Channel
    settings: Settings
    cart_id: CartId | None = None
    account_id: AccountId | None = None
    lapsed: bool = False
    outage: Outage | None = None
    host: str = ""

    @property
    def view(self) -> View:
        return View(
            language=self.language,
            currency=self.currency,
            channel=self.channel.code,
            stock_known=self.outage is None,
        )

    @property
    def texts(self) -> Texts:
        return texts_of(self.language)

    @property
    def languages(self) -> list[str]:
        return [language for language in self.channel.languages if language in LANGUAGES]

    @property
    def shop_name(self) -> str:
        return self.channel.profile.name or SHOP_NAME

    @property
    def shop_email(self) -> str:
        """Where customers reach the shop; empty in one that has not said so."""
        return self.channel.profile.email

    @property
    def accent_style(self) -> str:
        """Where the style with the shop's own colour is; empty in a shop without one."""
        return accents.url(self.channel.profile)

    @property
    def logo(self) -> ShownLogo | None:
        return logos.shown(self.channel.profile)

    @property
    def notice(self) -> str:
        """Above every page: the merchant's, or in a shop without a name of its own that it is a demo."""
        profile = self.channel.profile
        return profile.notice.get(self.language, "" if profile.name else self.texts("site.demo_notice"))

    def url(self, path: str = "", **query: str) -> str:
        """An address in this language: `url("cart")` is `/en/cart`."""
        return f"/{self.language}/{path}" + (f"?{urlencode(query)}" if query else "")

    @property
    def address(self) -> str:
        """Where this shop front is reached, without a slash at the end."""
        return address_of(self.channel, self.settings.public_url)

    @property
    def origin(self) -> str:
        """As the browser names where it is, if that is one of the shop front's own host names; else the shop front's address."""
        known = {urlsplit(one).hostname: one for one in origins_of(self.channel, self.settings.public_url)}
        return known.get(self.host) or origin_of(self.address)

    def absolute(self, path: str) -> str:
        return self.address + path


async def open_visit(request: AnyRequest, search: Injected[Search], settings: Injected[Settings]) -> Visit:
    """Litestar dependency `visit`. Raises NotFound for a language the channel does not speak, ChannelClosed."""
    channel = await search.channel(ChannelFor(host=host_of(request)))
    language = request.path_params.get("lang", "")
    if language not in channel.languages or language not in LANGUAGES:
        raise NotFound
    if not channel.open and not WHILE_CLOSED.match(request.scope["path"]):
        raise ChannelClosed
    asked = request.cookies.get(CURRENCY_COOKIE, "")
    account_id = _customer(request)
    return Visit(
        path=_plain_path(request.scope["path"]),
        query=tuple(sorted(request.query_params.multi_items())),  # one address per list, whatever the order
        language=language,
        currency=next((code for code in channel.currencies if code == asked), channel.currencies[0]),
        channel=channel,
        settings=settings,
        cart_id=_cart_cookie(request),
        account_id=account_id,
        host=host_of(request),
        lapsed=account_id is None and request.cookies.get(MEMBER_COOKIE) == "1",
        outage=outage_of(request),
    )


def preferred_language(request: AnyRequest, offered: list[str]) -> str:
    """By cookie, then Accept-Language with its weights, then the first offered."""
    remembered = request.cookies.get(LANGUAGE_COOKIE)
    if remembered in offered:
        return str(remembered)
    wishes: list[tuple[float, str]] = []
    for part in request.headers.get("accept-language", "").split(",")[:20]:
        match = re.fullmatch(r"\s*([a-zA-Z]{2,3})(?:-[\w-]+)?\s*(?:;\s*q=([01](?:\.\d{1,3})?))?\s*", part)
        if match:
            wishes.append((-float(match[2] or 1), match[1].lower()))
    return next(
        (wish for weight, wish in sorted(wishes, key=lambda pair: pair[0]) if weight and wish in offered),
        offered[0],
    )


async def load_cart(visit: Visit, carts: Carts) -> Cart | None:
    """The visitor's cart, also one that was ordered. Of a guest None where there is none or it is gone.

    A customer has one open cart in every browser; until a guest's cart was merged into it, that one is used. One of another
    shop front is none here.
    """
    cart = await _remembered(visit, carts)
    if visit.account_id is None or (cart is not None and cart.status != "merged"):
        return cart
    return await carts.create(_wanted(visit))


async def open_cart(visit: Visit, carts: Carts) -> Cart:
    """The visitor's open cart, a new one where there is none or the old one has been ordered."""
    cart = await load_cart(visit, carts)
    return cart if cart is not None and cart.status == "open" else await carts.create(_wanted(visit))


async def _remembered(visit: Visit, carts: Carts) -> Cart | None:
    if visit.cart_id is None:
        return None
    try:
        cart = await carts.get(
            CartRef(cart_id=visit.cart_id, account_id=visit.account_id, language=visit.language)
        )
    except CartNotFound:
        return None
    return cart if cart.channel == visit.channel.code else None


def _wanted(visit: Visit) -> NewCart:
    return NewCart(
        account_id=visit.account_id,
        currency=visit.currency,
        country=visit.channel.country,
        language=visit.language,
        channel=visit.channel.code,
    )


def remember_cart(response: Response[Any], visit: Visit, cart_id: CartId) -> None:
    """The id is a capability and stays out of scripts' reach; the hint only says that asking for a count is worth it."""
    secure = visit.settings.secure
    response.cookies.append(_cookie(CART_COOKIE, cart_id, CART_S, secure=secure, httponly=True))
    response.cookies.append(_cookie(HINT_COOKIE, "1", CART_S, secure=secure))


def forget_cart(response: Response[Any], visit: Visit) -> None:
    secure = visit.settings.secure
    response.cookies.append(_cookie(CART_COOKIE, "", 0, secure=secure, httponly=True))
    response.cookies.append(_cookie(HINT_COOKIE, "", 0, secure=secure))


def remember_member(response: Response[Any], visit: Visit, *, known: bool) -> None:
    """Whether somebody is signed in here. It opens nothing: it only tells a session that ended from a guest."""
    value, life_s = ("1", MEMBER_S) if known else ("", 0)
    response.cookies.append(
        _cookie(MEMBER_COOKIE, value, life_s, secure=visit.settings.secure, httponly=True)
    )


def remember_choice(response: Response[Any], visit: Visit, *, language: str, currency: str) -> None:
    secure = visit.settings.secure
    response.cookies.append(_cookie(LANGUAGE_COOKIE, language, YEAR_S, secure=secure))
    response.cookies.append(_cookie(CURRENCY_COOKIE, currency, YEAR_S, secure=secure))


def _customer(request: AnyRequest) -> AccountId | None:
    """A page is shown to whoever brings a token that is none of ours as to a guest: there is a way to sign in on it."""
    try:
        return customer_of(request)
    except Denied:
        return None


def _plain_path(path: str) -> str:
    """One address per page: `/en/` has its slash, nothing below it has one at its end."""
    parts = [part for part in path.split("/") if part]
    return "/" + "/".join(parts) + ("/" if len(parts) == 1 else "")


def _cookie(name: str, value: str, max_age_s: int, *, secure: bool, httponly: bool = False) -> Cookie:
    return Cookie(
        key=name, value=value, path="/", max_age=max_age_s, httponly=httponly, secure=secure, samesite="lax"
    )


def _cart_cookie(request: AnyRequest) -> CartId | None:
    try:
        return CART.parse(request.cookies.get(CART_COOKIE, ""))
    except NotFound:
        return None
