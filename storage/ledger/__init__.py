"""The ledger: numbers, recent messages, conversations, receipts and the outbox.

Decisions are made here, once, on any store (``storage.unit.Store``).
"""

from storage.ledger.service import Ledger

__all__ = ["Ledger"]
