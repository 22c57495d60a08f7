"""``parley import`` as an operator types it."""

from pathlib import Path

import pytest

from tests.integration.conftest import Type
from tests.unit.parley.portability.imports.slack_export import write_zip

WHATSAPP = "31.12.23, 23:59 - Ada: Happy new year\n01.01.24, 00:00 - Bob: To you, too\n"


def test_a_slack_export(data: Path, tmp_path: Path, type_: Type) -> None:
    file = write_zip(tmp_path / "export.zip")
    _, dry, _ = type_("import", "slack", file, "--data", data, "--dry-run")
    assert "general: 7 messages, 2 members" in dry
    assert "Ada L -> ada, a new account" in dry
    status, out, error = type_("import", "slack", file, "--data", data)
    assert (status, error) == (0, "")
    assert "11 entries stored, 2 lines that are no messages left out" in out
    assert out.endswith("0 people had an account; 4 got one that nobody can log in to\n")
    _, again, _ = type_("import", "slack", file, "--data", data)
    assert again.count(": 0 entries stored") == 6


def test_a_whatsapp_chat(data: Path, tmp_path: Path, type_: Type) -> None:
    file = tmp_path / "chat.txt"
    file.write_text(WHATSAPP)
    files = ["import", "whatsapp", file, "--data", data, "--group", "New year"]
    assert ": 2 entries stored\n" in type_(*files, "--zone", "Europe/Berlin")[1]
    assert ": 0 entries stored\n" in type_(*files, "--person", "Ada=ada")[1]


def test_an_irc_log(data: Path, tmp_path: Path, type_: Type) -> None:
    file = tmp_path / "garden-2004-11-15.log"
    file.write_text("[10:00] <ada> hello\n[10:00] <ada> hello\n")
    assert "2 entries stored" in type_("import", "irc", file, "--data", data, "--group", "#g")[1]


@pytest.mark.parametrize(
    ("kind", "content", "options", "words"),
    [
        ("slack", "x", [], "neither a folder nor a ZIP file"),
        ("whatsapp", "x", ["--group", "G"], "no line begins with a date"),
        ("whatsapp", WHATSAPP, [], "--group"),
        ("whatsapp", WHATSAPP, ["--group", "G", "--zone", "Nowhere"], "no time zone Nowhere"),
        ("whatsapp", WHATSAPP, ["--group", "G", "--person", "Ada=no-one"], "no account no-one"),
        ("whatsapp", WHATSAPP, ["--group", "G", "--person", "Ada"], "NAME=ACCOUNT"),
        ("irc", "[10:00] <ada> hello", ["--group", "G"], "says no day"),
        ("irc", "[10:00] <ada> hello", ["--group", "G", "--members", "101"], "--members"),
    ],
)
def test_mistakes(
    data: Path,
    tmp_path: Path,
    type_: Type,
    kind: str,
    content: str,
    options: list[str],
    words: str,
) -> None:
    file = tmp_path / "file.txt"
    file.write_text(content)
    status, out, error = type_("import", kind, file, "--data", data, *options)
    assert (status, out, error.count("\n")) == (2, "", 1)
    assert words in error


def test_where_there_is_no_ledger(tmp_path: Path, type_: Type) -> None:
    file = tmp_path / "chat.txt"
    file.write_text(WHATSAPP)
    status, _, error = type_("import", "whatsapp", file, "--group", "G", "--data", tmp_path)
    assert (status, error.count("\n")) == (2, 1)
    assert "run parley setup first" in error
    assert not (tmp_path / "parley.db").exists()
