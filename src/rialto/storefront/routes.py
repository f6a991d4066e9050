"""All of the storefront's addresses. `ROUTES` goes into the shop's application, `render_error` into its error handling."""

from __future__ import annotations

from litestar import Router
from litestar.di import Provide

from rialto.kernel.http import answering_options
from rialto.storefront.errors import ERROR_PAGES, render_error
from rialto.storefront.pages import browse, cart, checkout, info, order, payment, product, returning, reviews
from rialto.storefront.security import harden, own_posts_only
from rialto.storefront.visit import open_visit

_ROUTER = Router(
    path="/",
    route_handlers=answering_options(
        [
            browse.root,
            browse.home,
            browse.category,
            browse.search_page,
            product.product,
            product.recent,
            cart.cart_page,
            cart.cart_count,
            cart.add_line,
            cart.change_line,
            cart.remove_line,
            cart.change_code,
            checkout.address_page,
            checkout.save_address,
            checkout.delivery_page,
            checkout.save_delivery,
            checkout.review_page,
            checkout.place,
            payment.payment_page,
            payment.save_payment,
            payment.start_hosted,
            payment.hosted_return,
            payment.checkout_return,
            order.thanks,
            order.order_page,
            order.cancel,
            returning.return_form,
            returning.announce_return,
            reviews.review_form,
            reviews.save_review,
            reviews.delete_review,
            reviews.review_thanks,
            reviews.report_form,
            reviews.report_review,
            info.info_page,
            info.preferences,
            info.sitemap,
            info.robots,
            info.favicon,
            info.asset,
            info.media,
        ]
    ),
    dependencies={"visit": Provide(open_visit)},
    guards=[own_posts_only],
    after_request=harden,
    include_in_schema=False,
)

ROUTES: list[Router] = [_ROUTER]

__all__ = ["ERROR_PAGES", "ROUTES", "render_error"]
