"""The API's manual: an OpenAPI document, and a page to read it and try it."""

from webapi.docs.views import blueprint

__all__ = ["blueprint"]
