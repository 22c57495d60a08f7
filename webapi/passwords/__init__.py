"""Passwords: changed by who knows the old one, set anew by who reads the account's mail."""

from webapi.passwords.views import blueprint

__all__ = ["blueprint"]
