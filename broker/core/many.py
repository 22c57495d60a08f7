"""A publish that was for many: its publisher is told when every part of it is safe."""

from typing import Any

from broker.core.message import Message


class Many:
    """Stands as the publisher of each part. One more answer is counted for having made them all."""

    __slots__ = ("left", "link", "whole")

    def __init__(self, link: Any, whole: Message, parts: int) -> None:  # noqa: ANN401 - a link
        self.link = link
        self.whole = whole
        self.left = parts + 1

    def confirm(self, _part: Message | None) -> None:
        """Count a part that is safe."""
        self.left -= 1
        if not self.left:
            self.link.confirm(self.whole)
