"""A second factor at login: codes of an authenticator application (TOTP, RFC 6238)."""

from webapi.second_factor.views import blueprint

__all__ = ["blueprint"]
