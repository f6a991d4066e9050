"""The catalogue owns products, variants, attributes, categories, prices and channels: the truth about what is offered.

Not bucketed: a product belongs to nobody. Readers get whole documents by events.
"""
