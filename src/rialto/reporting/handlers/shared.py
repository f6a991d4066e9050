"""What every use case of reporting stands on."""

from __future__ import annotations

from rialto.kernel.db import Database
from rialto.kernel.service import Env


class ReportingUseCase:
    env: Env
    db: Database
