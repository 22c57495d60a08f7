"""Accounts: sign-up, one's own profile, erasure."""

from webapi.accounts.views import blueprint

__all__ = ["blueprint"]
