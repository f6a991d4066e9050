"""The back office at `/admin`: server-rendered pages for staff, a client of the services like any other.

Who may see what is said at each route by a permission, as in the API; so roles and staff's log apply here too.
Looks, words and refusal of foreign posts are the storefront's machinery.
"""
