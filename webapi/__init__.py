"""The REST API: accounts, people, conversations and history. It commits; the bridge delivers."""

from webapi.app import create_app

__all__ = ["create_app"]
