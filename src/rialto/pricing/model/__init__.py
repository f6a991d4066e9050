"""The rules of pricing, pure: what may be set (`rules`), how far goods travel (`delivery`), what it all costs (`quotes`)."""
