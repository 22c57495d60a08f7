"""What was said elsewhere: parsers, which are pure, and ``run``, which fills the ledger."""
