"""Questions asked of speed. `make bench` prints one line an answer, each beside a limit of the same run."""
