"""What watches the shop: scrape configuration, alerts and dashboards, worked out from short descriptions.

`rialto render prometheus|rules|dashboards` writes them down; `deploy/observability/` holds them as rendered, so that a change
shows. Nothing of the shop imports it.
"""
