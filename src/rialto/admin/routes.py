"""All addresses of the back office. `ROUTES` goes into the shop's application, `render_error` into its error handling."""

from __future__ import annotations

from litestar import Router
from litestar.di import Provide

from rialto.admin.assets import asset
from rialto.admin.desk import open_desk
from rialto.admin.errors import render_error
from rialto.admin.pages import (
    channels,
    collections,
    counting,
    currencies,
    customers,
    delivery,
    importing,
    logo,
    mails,
    me,
    order,
    orders,
    papers,
    parcels,
    passkeys,
    people,
    products,
    promotions,
    reviews,
    searching,
    session,
    settings,
    start,
    stock,
    system,
    taxes,
)
from rialto.kernel.http import answering_options
from rialto.storefront.security import harden, own_posts_only

# Behind the door: each has a guard, and all of them know the desk.
_DESK = Router(
    path="/",
    route_handlers=answering_options(
        [
            start.start,
            orders.orders,
            orders.keep_view,
            orders.drop_view,
            papers.pick_list,
            papers.packing_slip,
            order.order_page,
            order.ship,
            order.cancel,
            order.refund,
            order.receive,
            order.add_note,
            system.system,
            system.replay,
            me.me,
            me.change_password,
            me.begin_second_factor,
            me.confirm_second_factor,
            me.end_second_factor,
            me.renew_recovery_codes,
            passkeys.begin_passkey,
            passkeys.add_passkey,
            passkeys.change_passkey,
            *products.ROUTES,
            *stock.ROUTES,
            *counting.ROUTES,
            *importing.ROUTES,
            *promotions.ROUTES,
            *reviews.ROUTES,
            *collections.ROUTES,
            *searching.ROUTES,
            *customers.ROUTES,
            *people.ROUTES,
            *settings.ROUTES,
            *logo.ROUTES,
            *mails.ROUTES,
            *channels.ROUTES,
            *currencies.ROUTES,
            *taxes.ROUTES,
            *delivery.ROUTES,
            *parcels.ROUTES,
        ]
    ),
    dependencies={
        "desk": Provide(open_desk),
        "parts": Provide(order.open_parts),
        "peers": Provide(importing.open_peers),
    },
    guards=[own_posts_only],
    after_request=harden,
    include_in_schema=False,
)
# Before it.
_DOOR = Router(
    path="/",
    route_handlers=answering_options(
        [
            session.sign_in_page,
            session.sign_in,
            session.finish_sign_in,
            session.begin_passkey,
            session.sign_in_with_passkey,
            session.sign_out,
            session.choose_language,
            asset,
        ]
    ),
    guards=[own_posts_only],
    after_request=harden,
    include_in_schema=False,
)

ROUTES: list[Router] = [_DESK, _DOOR]

__all__ = ["ROUTES", "render_error"]
