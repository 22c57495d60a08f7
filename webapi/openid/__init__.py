"""Login by an OpenID Connect provider: the account is that of an (issuer, subject)."""

from webapi.openid.views import blueprint

__all__ = ["blueprint"]
