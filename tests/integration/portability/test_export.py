"""``parley export`` as an operator types it."""

from pathlib import Path

import pytest

from tests.integration.conftest import Type


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["person", "nobody", "--to", "out"], "no account nobody"),
        (["person", "ada"], "--to"),
        (["conversation", "f" * 32, "--to", "out"], "no conversation ffff"),
        (["conversation"], "CID"),
    ],
)
def test_mistakes(data: Path, type_: Type, arguments: list[str], words: str) -> None:
    status, out, error = type_("export", *arguments, "--data", data)
    assert (status, out, error.count("\n")) == (2, "", 1)
    assert words in error


def test_what_was_imported_is_exported(data: Path, tmp_path: Path, type_: Type) -> None:
    file = tmp_path / "2004-11-15.log"
    file.write_text("[10:00] <ada> hello\n")
    type_("import", "irc", file, "--data", data, "--group", "#g")
    to = ["--to", tmp_path / "out", "--data", data]
    status, out, _ = type_("export", "person", "ada", *to)
    assert (status, out.count("\n")) == (0, 1)
    (log,) = (tmp_path / "out").rglob("messages.jsonl")
    assert b'"sent_at":1100512800000' in log.read_bytes()
    status, _, error = type_("export", "person", "ada", *to)
    assert status == 2
    assert "not empty" in error
    assert type_("export", "person", "ada", *to, "--overwrite")[0] == 0
