"""How cart keeps things: carts, merges, wishlists, and what is kept about a person."""
