"""One scrape is of all workers: they are real processes here, since the files belong to a process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from rialto.cli.serve import metrics_of
from rialto.engines.shared_metrics import forget_metrics, metrics_folder
from tests.support.values import settings_in

pytestmark = pytest.mark.crash

WORKER = Path(__file__).with_name("counting_worker.py")


class Worker:
    """See counting_worker.py. Each method returns when it is done."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def count(self, requests: int) -> None:
        self._tell(f"count {requests}")

    def resting(self, is_resting: int) -> None:
        self._tell(f"resting {is_resting}")

    def waiting(self, waiting: int) -> None:
        self._tell(f"waiting {waiting}")

    def scraped(self) -> dict[str, float]:
        """Each sample as it is printed, `name{label=value,…}`."""
        return {
            sample.name
            + "".join(f" {key}={value}" for key, value in sorted(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(self._tell("text"))
            for sample in family.samples
        }

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def _tell(self, line: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        answer: str = json.loads(self._process.stdout.readline())
        return answer


@contextmanager
def working(folder: Path, *numbers: int) -> Iterator[list[Worker]]:
    with ExitStack() as stack:
        workers = []
        for number in numbers:
            command = [sys.executable, str(WORKER), str(folder), str(number)]
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            stack.enter_context(process)
            stack.callback(process.kill)
            workers.append(Worker(process))
        yield workers


REQUESTS = "rialto_requests_total method=GET route=/v1/carts status=200"
SECONDS = "rialto_request_seconds_count route=/v1/carts"


def test_a_scrape_of_one_worker_is_of_all(tmp_path: Path) -> None:
    with working(tmp_path, 1, 2) as (one, other):
        one.count(2)
        other.count(3)
        for worker in (one, other):
            found = worker.scraped()
            assert found[REQUESTS] == 5
            assert found[SECONDS] == 5
            assert found["rialto_request_seconds_bucket le=0.0025 route=/v1/carts"] == 5
            assert found["rialto_request_seconds_sum route=/v1/carts"] == pytest.approx(0.01)


def test_no_sum_falls_when_a_worker_is_killed_and_its_successor_goes_on(tmp_path: Path) -> None:
    with working(tmp_path, 1, 2) as (killed, other):
        killed.count(4)
        other.count(1)
        killed.kill()
        assert other.scraped()[REQUESTS] == 5
        with working(tmp_path, 1) as (successor,):
            assert other.scraped()[REQUESTS] == 5
            successor.count(1)
            assert other.scraped()[REQUESTS] == 6
            assert successor.scraped()[SECONDS] == 6
    assert len(list(tmp_path.glob("*.db"))) == 2 * 7


def test_what_is_of_the_whole_shop_is_what_was_found_last_by_whomever(tmp_path: Path) -> None:
    with working(tmp_path, 1, 2) as (one, other):
        one.resting(1)
        assert other.scraped()["rialto_key_values_resting"] == 1
        other.resting(0)
        assert one.scraped()["rialto_key_values_resting"] == 0
        one.kill()
        assert other.scraped()["rialto_key_values_resting"] == 0


def test_who_waits_is_added_up_and_the_worst_lag_is_told(tmp_path: Path) -> None:
    with working(tmp_path, 1, 2) as (one, other):
        one.waiting(2)
        other.waiting(3)
        found = one.scraped()
        assert found["rialto_pool_waiting service=orders"] == 5
        assert found["rialto_loop_lag_seconds"] == 3


def test_a_shop_that_starts_anew_begins_at_zero(tmp_path: Path) -> None:
    with working(tmp_path, 1) as (worker,):
        worker.count(3)
    forget_metrics(tmp_path)
    with working(tmp_path, 1) as (worker,):
        assert REQUESTS not in worker.scraped()
    forget_metrics(tmp_path / "never-made")


def test_a_worker_without_a_number_or_without_room_counts_for_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = settings_in(tmp_path)
    alone = metrics_of(settings, None)
    alone.cached.labels("hit", "/v1/products").inc()
    assert b'rialto_cached_answers_total{outcome="hit",route="/v1/products"} 1.0' in alone.text()
    metrics_folder(tmp_path).parent.mkdir()
    metrics_folder(tmp_path).touch()
    roomless = metrics_of(settings, 1)
    roomless.cached.labels("hit", "/v1/products").inc()
    assert b'rialto_cached_answers_total{outcome="hit",route="/v1/products"} 1.0' in roomless.text()
    assert capsys.readouterr().err.startswith("The metrics are of this worker only: ")
