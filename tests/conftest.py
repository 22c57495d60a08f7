"""What a whole run says at its end."""

import pytest

from tests.logs import left_out


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in left_out():
        terminalreporter.write_line(f"left out: {line}")
