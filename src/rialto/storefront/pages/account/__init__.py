"""A customer's own pages. All of them are for whoever is signed in, but those by which one gets in."""
