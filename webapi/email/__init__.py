"""The e-mail address of an account: optional, and kept when a mailed code has come back."""

from webapi.email.views import blueprint

__all__ = ["blueprint"]
