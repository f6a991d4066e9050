"""Pricing owns what a cart costs: tax rates, ways of delivery, and quotes in which every line explains itself.

A quote is a pure function of the request and the rules in force; this service keeps no carts. Not bucketed:
its tables hold some hundred rows, which every process remembers for a few seconds.
"""
