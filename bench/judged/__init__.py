"""Searching as people judge it: queries over the demo catalogue, and which products they ought to find.

`queries.json` was written by looking at the catalogue, not at what searches find: 3 is just what was meant, 2 a
good answer, 1 something that one would not mind seeing. Some queries are mistyped, some use words that the
catalogue does not have.
"""
