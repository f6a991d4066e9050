"""The proxy in front of the shop's processes: an nginx configuration, worked out from what the shop is.

Nothing here runs nginx or answers a request. `routes` says which group answers which address, `site` what an operator
decides, `nginx` writes both down as one file, `certificates` makes those of a shop that has none.
"""
