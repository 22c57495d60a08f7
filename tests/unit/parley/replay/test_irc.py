"""Reading logs and planning a replay."""

from hypothesis import given
from hypothesis import strategies as st

from parley.replay.irc import Named, Said, nicks, read_log, read_replies
from parley.replay.plan import Line, make_plan

LOG = """\
[12:18] <|trey|> usual, quite stable though  :)
=== topyli [~juha@host.example]  has joined #ubuntu
=== topyli [~juha@host.example]  has left #ubuntu []
=== tuxx is now known as tuxx2
=== MrBurns thinks so too
[10:00]  * mrglinux prefers debian:  really
[12:15] <silent> 
=== mode/#ubuntu [+o bob2]  by Seveas
[12:16] <tuxx2> \t<b> 大家好 \x08 
[23:59:58] <ada> with seconds"""  # noqa: W291 - the spaces are what is read


def test_reading_a_log() -> None:
    assert read_log(LOG) == [
        Said(0, "|trey|", "usual, quite stable though  :)", 12 * 60 + 18),
        Named(1, "topyli", "topyli"),
        Named(3, "tuxx", "tuxx2"),
        Said(4, "MrBurns", "/me thinks so too"),
        Said(5, "mrglinux", "/me prefers debian:  really", 10 * 60),
        Said(8, "tuxx2", "\t<b> 大家好 \x08 ", 12 * 60 + 16),
        Said(9, "ada", "with seconds", 23 * 60 + 59),
    ]


def test_every_nick_takes_part() -> None:
    assert nicks(read_log(LOG)) == [
        "|trey|",
        "topyli",
        "tuxx",
        "tuxx2",
        "MrBurns",
        "mrglinux",
        "ada",
    ]


def test_replies_name_the_nearest_answered_line() -> None:
    assert read_replies("1 4 -\n2 4 -\n7 7 -\n3 9 -\n") == {4: 2, 9: 3}


def test_speakers_fill_groups_in_order_of_first_word() -> None:
    events = [Said(n, nick, str(n)) for n, nick in enumerate("abcab")]
    plan = make_plan([*events, Named(5, "z", "y")], {2: 0, 3: 0, 4: 2}, size=2)
    assert plan.people == ["a", "b", "c", "z", "y"]
    assert [group.members for group in plan.groups] == [["a", "b"], ["c"]]
    assert plan.groups[0].steps == [
        Line(0, "a", "0", None),
        Line(1, "b", "1", None),
        Line(3, "a", "3", 0),
        Line(4, "b", "4", None),
    ]
    assert plan.aside == [Named(5, "z", "y")]


@given(st.text())
def test_any_text_said_is_read_to_the_last_character(text: str) -> None:
    text = text.replace("\n", " ")
    expected = [Said(0, "ada", text, 0)] if text else []
    assert read_log(f"[00:00] <ada> {text}") == expected
