"""The rules of carts, pure: what a cart holds (`contents`), how lines of elsewhere come in (`filling`), what may be typed
(`checks`), how it is shown (`views`)."""
