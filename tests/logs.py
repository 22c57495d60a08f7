"""Logs of group chat that tests play."""

from pathlib import Path

_ROOT = Path(__file__).parents[1]
_UBUNTU = _ROOT.parent / "shared" / "data" / "ubuntu-irc"
GARDEN = _ROOT / "tests" / "data" / "garden.raw.txt"
"""A short log of our own, with what is hard in real ones."""


def ubuntu() -> list[Path]:
    """Give the ten logs of #ubuntu, where they are beside this repository."""
    return sorted(_UBUNTU.glob("*.raw.txt"))


def left_out() -> list[str]:
    return [] if ubuntu() else ["replays of ten real logs of #ubuntu, which are not at hand"]
