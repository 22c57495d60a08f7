"""What a typed line asks for."""

import pytest

from clients.terminal.commands import Command, Say, parse


@pytest.mark.parametrize(
    ("line", "wish"),
    [
        ("hello\n", Say("hello")),
        ("  indented \r\n", Say("  indented ")),
        ("", None),
        ("   \n", None),
        ("/list\n", Command("list", "")),
        ("/DM  bob \n", Command("dm", "bob")),
        ('/group "Tea time" bob\n', Command("group", '"Tea time" bob')),
        ("//etc is a folder\n", Say("/etc is a folder")),
        ("/me waves\n", Say("/me waves")),
        ("/\n", Command("", "")),
    ],
)
def test_lines(line: str, wish: Say | Command | None) -> None:
    assert parse(line) == wish
