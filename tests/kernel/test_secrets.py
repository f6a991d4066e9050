from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from rialto.kernel.secrets import (
    Secrets,
    SecretsBroken,
    load_or_make_secrets,
    make_secrets,
    replace_secrets,
)
from tests.support.values import seeded_ids

pytestmark = pytest.mark.fast


def test_the_first_start_makes_a_file_that_only_its_owner_may_read(tmp_path: Path) -> None:
    path = tmp_path / "new" / "secrets.json"
    before = os.umask(0)
    try:
        made = load_or_make_secrets(path, seeded_ids())
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_or_make_secrets(path, seeded_ids(99)) == made
    assert [entry.name for entry in path.parent.iterdir()] == ["secrets.json"]


def test_of_two_first_starts_one_wins_and_both_have_its_secrets(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    found: list[Secrets] = []
    ready = threading.Barrier(8)

    def start(seed: int) -> None:
        ready.wait()
        found.append(load_or_make_secrets(path, seeded_ids(seed)))

    threads = [threading.Thread(target=start, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["secrets.json"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b"\xff\xfe", b'{"root": 1}'])
def test_a_damaged_file_is_refused_with_its_name_and_kept(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "secrets.json"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(SecretsBroken, match=r"secrets\.json cannot be used"):
        load_or_make_secrets(path, seeded_ids())
    assert path.read_bytes() == content


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610])
def test_a_file_that_others_may_read_is_refused_with_what_to_do(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "secrets.json"
    load_or_make_secrets(path, seeded_ids())
    path.chmod(mode)
    with pytest.raises(SecretsBroken, match="chmod 600"):
        load_or_make_secrets(path, seeded_ids())


def test_a_folder_in_its_place_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    path.mkdir(mode=0o700)
    with pytest.raises(SecretsBroken):
        load_or_make_secrets(path, seeded_ids())


def test_secrets_that_cannot_be_replaced_leave_nothing_beside(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    path.mkdir()
    with pytest.raises(SecretsBroken, match="cannot be written"):
        replace_secrets(path, make_secrets(seeded_ids()), seeded_ids())
    assert [entry.name for entry in tmp_path.iterdir()] == ["secrets.json"]


def test_a_file_in_place_of_its_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("no folder")
    with pytest.raises(SecretsBroken):
        load_or_make_secrets(tmp_path / "data" / "secrets.json", seeded_ids())


def test_a_file_that_cannot_be_written_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 250)  # one name more beside it would be too long for the file system
    with pytest.raises(SecretsBroken, match="cannot be written"):
        load_or_make_secrets(path, seeded_ids())
    assert list(tmp_path.iterdir()) == []


def test_secrets_differ_from_each_other_and_from_shop_to_shop() -> None:
    one, two = make_secrets(seeded_ids(1)), make_secrets(seeded_ids(2))
    made = [name for name in Secrets.__struct_fields__ if "former" not in name and name != "sealing_root"]
    values = [getattr(secrets, name) for secrets in (one, two) for name in made]
    assert len(made) == 5
    assert len(set(values)) == len(values)
    assert make_secrets(seeded_ids(1)) == one
    assert "BEGIN PRIVATE KEY" in one.signing_key


def test_derived_secrets_are_stable_and_separate() -> None:
    secrets = make_secrets(seeded_ids())
    assert secrets.derive("a") == secrets.derive("a")
    assert secrets.derive("a") != secrets.derive("b")
    assert secrets.derive("a") != make_secrets(seeded_ids(2)).derive("a")
    password = secrets.database_password("rialto_cart")
    assert len(password) == 64
    assert int(password, 16)
