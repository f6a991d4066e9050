"""What every request passes: who asks, how often, answers kept ready, errors told alike. No business rule."""
