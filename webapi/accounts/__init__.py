"""Accounts and their sessions: sign-up, login, refresh, logout, one's own profile."""

from webapi.accounts.sessions import Issuer
from webapi.accounts.views import KEY, PASSWORDS, blueprint

__all__ = ["KEY", "PASSWORDS", "Issuer", "blueprint"]
