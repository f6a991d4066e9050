"""Bringing in catalogues from elsewhere: importers read files into neutral rows, `load` applies them."""
