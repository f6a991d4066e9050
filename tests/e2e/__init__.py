"""The whole shop as a customer meets it: `rialto run` in a process of its own, and Chromium."""
