"""The REST API: accounts, people, conversations and history. It commits; the bridge delivers."""

from webapi.app import create_app, describe

__all__ = ["create_app", "describe"]
