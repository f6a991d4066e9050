"""A whole platform on one machine: replicas of each group behind a proxy, with engines of their own.

`rialto cluster start` runs it, on loopback and on free ports. It is for trying out what production is made of, and for
proving that it holds; production itself is run by an orchestrator (docs/operations.md). Nothing here is imported by the
shop.
"""
