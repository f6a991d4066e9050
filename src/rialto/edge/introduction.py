"""What the API's description says first: how it speaks as a whole, and what each group of operations is for."""

from __future__ import annotations

INTRODUCTION = """JSON over HTTP. Names are snake_case, times RFC 3339 in UTC, dates ISO 8601.

**Money** is `{"amount": 1999, "currency": "EUR"}`: whole minor units of an ISO 4217 currency, never a fraction.

**Guests need no key.** Whoever has a cart's id may use the cart, whoever has an order's key may read the order; both are unguessable. Whoever signed in, customer or staff, sends `Authorization: Bearer <access_token>`.

**Errors** are RFC 9457 problem details (`application/problem+json`) with a `code` that never changes and, for faulty fields, `errors` with their paths. Answers 429 and 503 say in `Retry-After` when to come back.

**Repeating is safe.** Orders and refunds carry an `Idempotency-Key`: the same key with the same body answers the same and does nothing twice. Changes by staff carry `If-Match`, so that nobody overwrites what they have not seen.

**Whole numbers** in bodies are written as such: `2`, not `2.0` or `"2"`.

**Lists** are read with `limit` and `cursor`; `next_cursor` is null on the last page. Fields may be added at any time; what clients do not know they should ignore."""

TAGS: dict[str, str] = {
    "products": "What is sold: lists with facets, single products, categories, collections, suggestions. Kept for two seconds by caches.",
    "carts": "A cart is priced anew at each look. A guest's cart id is the key to it; an account's cart is its owner's alone.",
    "wishlist": "What a signed-in customer wants to find again.",
    "checkout": "From a cart to an order: stock is reserved, the payment authorised, the order stored. Survives being repeated.",
    "orders": "What became of a purchase, by the order's own key or by its owner's token.",
    "reviews": "What buyers say. Writing takes the order's key; everything is looked at before it is shown.",
    "waiting": "To be told by mail when what is sold out is back. An address is asked before it is written to.",
    "payments": "Messages of payment providers.",
    "sign-in": "Customers and staff sign in and get a short-lived access token and a refresh token.",
    "account": "A customer's own account: made, proved, changed, handed out, erased.",
    "staff: products": "The catalogue as merchants edit it.",
    "staff: collections": "Products shown together under an address of their own, by rule or by hand.",
    "staff: search": "Which words find each other, and what stands first for a query.",
    "staff: stock": "What is on hand in each warehouse.",
    "staff: prices": "Tax rates and ways of delivery.",
    "staff: promotions": "What is given to whom, the codes for it, and why a cart does not get it.",
    "staff: orders": "Following, shipping, cancelling and refunding orders.",
    "staff: reviews": "What waits for a decision, and deciding.",
    "staff: reports": "What needs somebody's attention.",
    "staff: settings": "How the shop presents itself.",
    "staff: people": "Who works here and may do what.",
    "health": "For load balancers and monitors.",
}
