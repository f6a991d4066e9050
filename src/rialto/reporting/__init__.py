"""Reporting owns what is read across customers: lists of orders for staff, sales by day, what needs attention.

Everything here follows from others' events and can be made anew from them. It decides nothing: whoever ships, cancels
or refunds asks orders, and orders decides from its own streams.
"""
