"""The times that begin WhatsApp's lines: each phone writes them as its language does. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Literal

Order = Literal["dmy", "mdy", "ymd"]
_MONTHS = 12
_CENTURY = 2000
_NOON = 12
_SPACE = r"[ \u00a0\u202f]"
# iOS: "[31.12.23, 23:59:58] Ada: text". Android: "12/31/23, 11:59 PM - Ada: text".
_HEAD = re.compile(
    r"[\u200e\u200f\ufeff]*(?P<open>\[)?"
    r"(?P<a>\d{1,4})[./-] ?(?P<b>\d{1,2})[./-] ?(?P<c>\d{1,4})\.?,?" + _SPACE + r"+"
    r"(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2}))?"
    r"(?:" + _SPACE + r"?(?P<half>[AaPp])\.?" + _SPACE + r"?[Mm]\.?)?"
    r"(?(open)\]" + _SPACE + r"?|" + _SPACE + r"[-\u2013]" + _SPACE + r")(?P<rest>.*)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Stamp:
    """A date whose order is not known yet, and a time of the day in seconds.

    ``is_american`` where it is written as phones write it that are set to English (US).
    """

    fields: tuple[int, int, int]
    seconds: int
    is_american: bool = False

    def at(self, order: Order) -> datetime | None:
        """Give the local time if the date is read in an order; ``None`` where there is none."""
        by_place = dict(zip(order, self.fields, strict=True))
        year = by_place["y"] + (_CENTURY if by_place["y"] < 100 else 0)  # noqa: PLR2004 - two digits
        minute, second = divmod(self.seconds, 60)
        try:
            return datetime(year, by_place["m"], by_place["d"], minute // 60, minute % 60, second)  # noqa: DTZ001 - a wall clock's
        except ValueError:
            return None


def read_head(line: str) -> tuple[Stamp, str] | None:
    """Give the time that a line begins with, and the rest; ``None`` where it goes on another."""
    found = _HEAD.fullmatch(line)
    if found is None:
        return None
    hour = int(found["hour"])
    if found["half"]:
        hour = hour % _NOON + _NOON * (found["half"] in "Pp")
    seconds = hour * 3600 + int(found["minute"]) * 60 + int(found["second"] or 0)
    is_american = line[found.end("a")] == "/" and (found["half"] or "").isupper()
    date = (int(found["a"]), int(found["b"]), int(found["c"]))
    stamp = Stamp(date, seconds, is_american)
    is_date = any(stamp.at(order) for order in ("dmy", "mdy", "ymd"))
    return (stamp, found["rest"]) if is_date else None


def order_of(stamps: Sequence[Stamp]) -> Order:
    """Tell in which order a file's dates are written, by what the file itself shows.

    A year of four digits in front; else a day over 12; else the order in which time runs forward
    more often. Where all that says nothing, the day comes first, but in the American form.
    """
    if stamps and all(stamp.fields[0] > _CENTURY for stamp in stamps):
        return "ymd"
    orders: tuple[Order, Order] = ("dmy", "mdy")
    if any(stamp.is_american for stamp in stamps):
        orders = ("mdy", "dmy")
    return min(orders, key=lambda order: _faults(stamps, order))


def _faults(stamps: Sequence[Stamp], order: Order) -> tuple[int, int]:
    """Count dates that there are not, and steps back in time."""
    times = [stamp.at(order) for stamp in stamps]
    known = [time for time in times if time is not None]
    return len(times) - len(known), sum(later < earlier for earlier, later in pairwise(known))
