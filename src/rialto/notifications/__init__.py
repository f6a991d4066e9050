"""Notifications owns the mails that orders cause: what they say, that each is sent, and the viewer that shows them."""
