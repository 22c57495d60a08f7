"""What the broker must not lose: sessions, retained messages, and what waits for somebody.

A log of segments. What is still true of the oldest is written again at the end before it is
deleted, so the log never grows beyond a small multiple of what it holds.
"""

from broker.journal.journal import FileJournal

__all__ = ["FileJournal"]
