"""Other people: look them up."""

from webapi.people.views import blueprint

__all__ = ["blueprint"]
