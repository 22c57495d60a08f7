"""A data folder for commands as an operator types them."""

from pathlib import Path

import pytest

from tests.integration.conftest import Type


@pytest.fixture
def data(tmp_path: Path, type_: Type) -> Path:
    assert type_("setup", "--data", tmp_path / "data")[0] == 0
    return tmp_path / "data"
