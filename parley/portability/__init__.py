"""Data in and out: export, import, backup and restore."""
