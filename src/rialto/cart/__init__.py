"""Cart owns what somebody means to buy: lines, codes, addresses, the chosen delivery and way to pay.

It stores no price as truth: every answer is priced at that moment by catalogue, inventory and pricing, and
what was shown before is remembered only to say what changed. Bucketed; a guest's cart draws its bucket.
"""
