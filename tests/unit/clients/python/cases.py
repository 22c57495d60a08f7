"""The tables of ``clients/cases``, which clients in every language pass."""

import json
from pathlib import Path

import pytest

_FOLDER = Path(__file__).parents[4] / "clients" / "cases"


def cases(name: str) -> pytest.MarkDecorator:
    found = json.loads((_FOLDER / f"{name}.json").read_text())
    return pytest.mark.parametrize("case", found, ids=[case["case"] for case in found])
