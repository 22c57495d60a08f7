"""The API's data folder, as in its unit tests."""

from tests.unit.webapi.conftest import empty_folder, settings

__all__ = ["empty_folder", "settings"]
