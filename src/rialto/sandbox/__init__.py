"""The sandbox payment provider: a pretend acquirer with strict books.

It is a process of its own that plays the part of a payment company: it turns
test cards into tokens, authorises, captures, voids and refunds, asks for 3-D
Secure, sends signed webhooks, and can lose an answer on purpose. It knows no
Rialto service; the shop reaches it over HTTP like any other provider. It is
deliberately not a way to take real money: every card number outside the
published test cards is refused, and no card number is ever stored.
"""
