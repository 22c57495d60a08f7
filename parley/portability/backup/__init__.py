"""Backups: one file, consistent to one point, from which a platform can be restored elsewhere.

The file is a TAR, packed by gzip: ``settings.toml``, ``keys/``, ``tables/NAME/NUMBER.jsonl`` with a
JSON array a row, and at last ``manifest.json``. It is the same from SQLite and PostgreSQL, and
restores into either. The broker's journal is not in it: numbers are the truth, so devices fetch by
sync what the broker had queued for them, and send again what nobody has answered.
"""
