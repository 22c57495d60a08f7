"""Commands as an operator types them, in this process."""

from collections.abc import Callable

import pytest

from parley.cli import run

Type = Callable[..., tuple[int, str, str]]


@pytest.fixture
def type_(capsys: pytest.CaptureFixture[str]) -> Type:
    """Run ``parley`` in this process; give its exit status, stdout and stderr."""

    def typed(*arguments: object) -> tuple[int, str, str]:
        status = run([str(argument) for argument in arguments])
        return (status, *capsys.readouterr())

    return typed
