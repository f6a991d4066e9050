"""The read model for browsing: what a shopper sees of products, categories, prices and stock bands.

Owns no table. It listens to catalog and inventory, keeps whole product documents in a Tantivy folder of this
host, and answers while every database is down. What it says about prices and stock is as of the last event;
checkout asks catalog, pricing and inventory instead.
"""
