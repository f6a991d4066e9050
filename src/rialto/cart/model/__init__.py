"""The rules of carts, pure: what a cart holds (`contents`), what may be typed (`checks`), how it is shown (`views`)."""
