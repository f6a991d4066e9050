"""Notifications owns the mails that orders, accounts and waiting for articles cause: what they say, that each is sent, and
the viewer that shows them.
"""
