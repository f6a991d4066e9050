"""One file per part of the back office."""
