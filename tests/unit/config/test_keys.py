"""The data folder's keys: made once, for their owner alone, and belonging together."""

import time
from pathlib import Path

from config import keys
from parley_protocol import tokens


def test_they_belong_together(tmp_path: Path) -> None:
    keys.create(tmp_path)
    claims = tokens.verify(
        keys.public_key(tmp_path), keys.bridge_token(tmp_path), now=int(time.time())
    )
    assert (claims.sub, claims.scope) == ("bridge", "service")


def test_making_them_again_changes_nothing(tmp_path: Path) -> None:
    keys.create(tmp_path)
    before = {file.name: file.read_bytes() for file in keys.folder(tmp_path).iterdir()}
    keys.create(tmp_path)
    assert {file.name: file.read_bytes() for file in keys.folder(tmp_path).iterdir()} == before


def test_nobody_else_reads_them(tmp_path: Path) -> None:
    keys.create(tmp_path)
    folder = keys.folder(tmp_path)
    assert not [file for file in (folder, *folder.iterdir()) if file.stat().st_mode & 0o077]
