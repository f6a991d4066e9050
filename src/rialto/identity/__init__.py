"""Identity owns accounts of customers and staff, their passwords, sessions and roles, and the keys of access tokens."""
