"""The catalogue's rules, pure: what a draft, a category and a definition must be."""
