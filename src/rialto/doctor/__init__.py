"""What `rialto doctor` looks at: everything a shop needs, one plain line each, and what to do about it.

Nothing here changes or repairs anything. Settings, machine, database, and whoever else the shop talks to.
"""
