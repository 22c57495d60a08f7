"""WhatsApp's exports, as different phones write them."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.portability.imports.model import Post, UnreadableError
from parley.portability.imports.whatsapp import read_whatsapp

UTC = ZoneInfo("UTC")
LRM, RLM, FSI, PDI, NNBSP = "\u200e", "\u200f", "\u2068", "\u2069", "\u202f"


def read(content: str, zone: ZoneInfo = UTC) -> list[Post | None]:
    (chat,) = read_whatsapp(content, "Friends", zone).chats
    return list(chat.posts())


def said(content: str) -> list[tuple[str, str, str]]:
    """Give when (UTC), who and what."""
    return [
        (f"{utc(post.at):%Y-%m-%d %H:%M:%S}", post.author, post.text) for post in messages(content)
    ]


def messages(content: str) -> list[Post]:
    return [post for post in read(content) if post is not None]


def utc(at: int) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC)


@pytest.mark.parametrize(
    ("head", "time"),
    [
        ("31.12.23, 23:59 - ", "2023-12-31 23:59:00"),
        ("31/12/2023, 23:59 - ", "2023-12-31 23:59:00"),
        ("31/12/2023 23:59 - ", "2023-12-31 23:59:00"),
        ("31-12-2023 23:59 - ", "2023-12-31 23:59:00"),
        ("2023-12-31, 23:59 - ", "2023-12-31 23:59:00"),
        ("12/31/23, 11:59 PM - ", "2023-12-31 23:59:00"),
        (f"12/31/23, 11:59{NNBSP}PM - ", "2023-12-31 23:59:00"),
        ("31/12/23, 11:59 pm - ", "2023-12-31 23:59:00"),
        ("31/12/23, 11:59 p. m. - ", "2023-12-31 23:59:00"),
        ("31/12/23, 12:05 a.m. - ", "2023-12-31 00:05:00"),
        ("31/12/23, 12:05 p.m. - ", "2023-12-31 12:05:00"),
        ("[31.12.23, 23:59:58] ", "2023-12-31 23:59:58"),
        ("[12/31/23, 11:59:58 PM] ", "2023-12-31 23:59:58"),
        (f"{LRM}[31/12/2023, 23:59:58] ", "2023-12-31 23:59:58"),
        ("31.12.23, 23.59 - ", "2023-12-31 23:59:00"),
    ],
)
def test_every_form_of_a_time(head: str, time: str) -> None:
    assert said(f"{head}Ada: Happy new year: 2024!") == [(time, "Ada", "Happy new year: 2024!")]


@pytest.mark.parametrize(
    ("dates", "months"),
    [
        (["1/2/24", "13/2/24"], [2, 2]),
        (["1/2/24", "2/13/24"], [1, 2]),
        (["3/1/24", "4/1/24", "1/2/24"], [1, 1, 2]),
        (["1/3/24", "1/4/24", "2/1/24"], [1, 1, 2]),
        (["1.2.24"], [2]),
        (["1/2/24"], [2]),
    ],
)
def test_the_order_of_a_date_by_what_the_file_shows(dates: list[str], months: list[int]) -> None:
    found = messages("".join(f"{date}, 10:00 - Ada: x\n" for date in dates))
    assert [utc(post.at).month for post in found] == months


def test_the_american_form_where_nothing_else_tells() -> None:
    assert said("1/2/24, 9:00 AM - Ada: x")[0][0] == "2024-01-02 09:00:00"
    assert said("1/2/24, 9:00 am - Ada: x")[0][0] == "2024-02-01 09:00:00"


def test_the_zone_is_the_phones() -> None:
    post = read("01.07.23, 12:00 - Ada: x", ZoneInfo("Europe/Berlin"))[0]
    assert post is not None
    assert utc(post.at).hour == 10


def test_texts_go_on_over_lines() -> None:
    content = "1.2.24, 10:00 - Ada: one\n\n- two: 2\r\n 3.4. three\n1.2.24, 10:01 - Bob: next\n"
    texts = [text for _, _, text in said(content)]
    assert texts == ["one\n\n- two: 2\n 3.4. three", "next"]


@pytest.mark.parametrize(
    "line",
    [
        "1.2.24, 10:00 - Messages and calls are end-to-end encrypted.",
        "1.2.24, 10:00 - Ada created group “Friends”",
        "1.2.24, 10:00 - Ada changed the subject to “Re: plans”",
        "1.2.24, 10:00 - Ada: This message was deleted",
        f"[1.2.24, 10:00:00] Ada: {LRM}You deleted this message.",
        f"[1.2.24, 10:00:00] Friends: {LRM}Messages and calls are end-to-end encrypted.",
        f"[1.2.24, 10:00:00] Ada: {LRM}Ada created this group",
        "1.2.24, 10:00 - Ada: ",
    ],
)
def test_what_is_no_message_is_counted(line: str) -> None:
    assert read(line) == [None]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<Media omitted>", "[file left out]"),
        ("<Medien ausgeschlossen>", "[file left out]"),
        (f"{LRM}image omitted", "[file left out]"),
        (f"plan v2.pdf • {LRM}3 pages {LRM}document omitted", "[file: plan v2.pdf]"),
        (f"{LRM}<attached: 00000007-PHOTO.jpg>", "[file: 00000007-PHOTO.jpg]"),
        (f"{LRM}<Anhang: 00000007-PHOTO.jpg>", "[file: 00000007-PHOTO.jpg]"),
        ("IMG-0001.jpg (file attached)\nlook!", "[file: IMG-0001.jpg]\nlook!"),
        (f"{LRM}IMG-0001.jpg (Datei angehängt)", "[file: IMG-0001.jpg]"),
        (f"{LRM}POLL:\nTea?\n{LRM}OPTION: yes (2 votes)", "POLL:\nTea?\nOPTION: yes (2 votes)"),
        ("<html> is not a file", "<html> is not a file"),
        (f"{RLM}שלום{RLM}", f"{RLM}שלום{RLM}"),
    ],
)
def test_what_the_app_writes(text: str, shown: str) -> None:
    assert said(f"1.2.24, 10:00 - Ada: {text}")[0][2] == shown


def test_an_edit_is_known_as_one() -> None:
    (post,) = messages(f"1.2.24, 10:00 - Ada: the {LRM}<This message was edited>")
    assert (post.text, post.edited_at) == ("the", post.at)


def test_mentions_and_names() -> None:
    content = (
        f"[1.2.24, 10:00:00] ~{NNBSP}Bob: hi\n"
        "[1.2.24, 10:00:01] +49 170 1234567: hello\n"
        f"[1.2.24, 10:00:02] {LRM}Ada: @{FSI}~Bob{PDI} @491701234567 @{FSI}Nobody{PDI}\n"
    )
    bob, number, ada = messages(content)
    assert (bob.author, number.author, ada.author) == ("Bob", "+49 170 1234567", "Ada")
    assert ada.mentions == ("Bob", "+49 170 1234567")
    assert ada.text == "@~Bob @491701234567 @Nobody"


def test_a_longer_export_holds_the_same_keys() -> None:
    """Also where it tells another order of the dates, and comes with files."""
    first = (
        "1/2/24, 10:00 - Ada: ok\n1/2/24, 10:00 - Ada: ok\n1/2/24, 10:01 - Ada: <Media omitted>\n"
    )
    longer = first.replace("<Media omitted>", "IMG.jpg (file attached)") + "1/13/24, 9:00 - Bob: no"
    keys = [post.key for post in messages(first)]
    assert len(set(keys)) == 3
    assert [post.key for post in messages(longer)][:3] == keys


@pytest.mark.parametrize("content", ["", "Dear diary\n12:00 lunch\n", "99/99/99, 10:00 - Ada: x"])
def test_what_is_no_export(content: str) -> None:
    with pytest.raises(UnreadableError):
        read(content)


_NAME = st.text(alphabet="abcXYZ ÄØж大", min_size=1, max_size=12).map(str.strip).filter(bool)
_WORDS = st.text(alphabet="abc: .,-[]/0123456789\n😀é\t", min_size=1, max_size=40).map(
    lambda text: f"x{text}x"
)
_FORMS = {
    "android, dmy": "%d.%m.%y, %H:%M - ",
    "android, mdy": "%m/%d/%y, %I:%M %p - ",
    "ios, dmy": "[%d/%m/%Y, %H:%M:%S] ",
    "iso": "%Y-%m-%d, %H:%M - ",
}


@given(
    form=st.sampled_from(sorted(_FORMS)),
    chat=st.lists(st.tuples(_NAME, _WORDS), min_size=1, max_size=12),
    steps=st.lists(st.integers(0, 3000), min_size=12, max_size=12),
)
def test_what_is_written_is_read(form: str, chat: list[tuple[str, str]], steps: list[int]) -> None:
    """Any chat, in any form, with a date at its end that is not ambiguous."""
    time = datetime(2021, 1, 3, 5, 7, tzinfo=UTC)
    lines, expected = [], []
    for (name, text), step in zip(chat, steps, strict=False):
        time += timedelta(minutes=step)
        lines.append(f"{time:{_FORMS[form]}}{name}: {text}")
        expected.append((f"{time:%Y-%m-%d %H:%M:%S}", name, text))
    end = datetime(2021, 12, 31, tzinfo=UTC)
    lines.append(f"{end:{_FORMS[form]}}Zed: end")
    found = said("\n".join(lines))
    assert found[:-1] == expected


@given(st.text(alphabet=f"0123456789/.:,[]-APM \n{LRM}<>@{FSI}{PDI}aé"))
def test_no_file_is_too_broken(content: str) -> None:
    for post in read(f"1.2.24, 10:00 - Ada: first\n{content}"):
        assert post is None or (post.text and post.author)
