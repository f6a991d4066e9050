"""`python -m rialto.cli` is `rialto`: how the supervisor starts workers without looking for a script."""

from __future__ import annotations

import sys

from rialto.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
