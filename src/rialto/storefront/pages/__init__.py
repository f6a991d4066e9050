"""One module per thing a visitor does: browse, look at a product, fill the cart, check out, follow an order."""
