"""Exports: a person's own data, or a conversation, as JSON Lines and as pages to read."""
