"""IRC logs as a group's history."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from parley.portability.imports.irc import read_irc
from parley.portability.imports.model import Post, UnreadableError
from tests.logs import GARDEN, ubuntu

UTC = ZoneInfo("UTC")


def read(*files: tuple[str, str], zone: str = "UTC") -> list[Post]:
    (chat,) = read_irc(files, "#garden", ZoneInfo(zone)).chats
    return [post for post in chat.posts() if post is not None]


def times(posts: list[Post]) -> list[str]:
    return [f"{datetime.fromtimestamp(post.at / 1000, UTC):%m-%d %H:%M}" for post in posts]


def test_a_day_is_in_the_files_name() -> None:
    log = "[10:00] <ada> hi\n=== bob [b@c]  has joined #garden\n[10:01]  * bob waves\n"
    posts = read(("garden-20041115.log", log))
    assert [(post.author, post.text) for post in posts] == [("ada", "hi"), ("bob", "/me waves")]
    assert times(posts) == ["11-15 10:00", "11-15 10:01"]


def test_hours_run_past_midnight() -> None:
    log = "[23:59] <a> 1\n=== a laughs\n[23:58] <a> 2\n[00:01] <a> 3\n[00:00] <a> 4\n[23:00] <a> 5"
    expected = [
        "11-15 23:59",
        "11-15 23:59",
        "11-15 23:58",
        "11-16 00:01",
        "11-16 00:00",
        "11-16 23:00",
    ]
    assert times(read(("2004-11-15.txt", log))) == expected


def test_files_are_taken_by_their_day() -> None:
    files = [("b 2004-11-16.log", "[10:00] <a> 2"), ("z 2004-11-15.log", "[10:00] <a> 1")]
    assert [post.text for post in read(*files)] == ["1", "2"]


def test_the_zone() -> None:
    assert times(read(("2004-07-01", "[10:00] <a> x"), zone="Europe/Helsinki")) == ["07-01 07:00"]


def test_the_same_words_twice_in_a_minute_are_two_messages() -> None:
    posts = read(("2004-11-15", "[10:00] <a> ping\n[10:00] <a> ping\n"))
    assert len({post.key for post in posts}) == 2


@pytest.mark.parametrize("name", ["log.txt", "2004-13-45.log", "120041115.log"])
def test_a_name_without_a_day(name: str) -> None:
    with pytest.raises(UnreadableError, match=name):
        read((name, "[10:00] <a> x"))


def test_a_log_of_silence() -> None:
    with pytest.raises(UnreadableError):
        read(("2004-11-15", "=== a [b]  has joined #c"))


def test_every_line_of_real_logs_is_there() -> None:
    """What replay plays and what import stores is the same."""
    files = [(f"2000-01-01 {GARDEN.name}", GARDEN.read_bytes().decode())]
    files += [(file.name, file.read_bytes().decode()) for file in ubuntu()]
    posts = read(*files)
    said = sum(
        line.startswith("[") and "> " in line for _, log in files for line in log.split("\n")
    )
    assert len(posts) >= said * 0.99
    assert len({post.key for post in posts}) == len(posts)
