"""The shop that people see: server-rendered pages in German and English.

Owns no data. It asks `search` for everything one browses, `carts` for the basket and the checkout's
entries, `orders` for placing and following an order, like any other client. Every page works without
JavaScript; `static/js` only shortens ways. What the pages look like and why is in `docs/design.md`.
"""
