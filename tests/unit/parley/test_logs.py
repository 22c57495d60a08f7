"""Log lines, for people and for programs."""

import json
import logging
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import Log
from parley import logs

_BORN = datetime(2026, 11, 25, 3, 4, 5, 678_000, tzinfo=UTC).timestamp()


def record(message: str, *values: object, **fields: object) -> logging.LogRecord:
    found = logging.LogRecord("broker.net", logging.WARNING, "f.py", 1, message, values, None)
    found.created, found.msecs = _BORN, 678
    if fields:
        found.__dict__["fields"] = fields
    return found


def test_a_line_of_text() -> None:
    line = logs.TextLine("broker").format(record("on %s", "port", port=1883, why={"a": 1, "b": 2}))
    assert line == "2026-11-25T03:04:05.678Z WARNING broker: on port port=1883 a=1 b=2"


def test_a_line_of_json() -> None:
    line = logs.JsonLine("broker").format(record("on %s", "port", port=1883, why={"a": 1}))
    assert json.loads(line) == {
        "time": "2026-11-25T03:04:05.678Z",
        "level": "warning",
        "service": "broker",
        "logger": "broker.net",
        "message": "on port",
        "port": 1883,
        "why": {"a": 1},
    }


@given(st.text(), st.dictionaries(st.text(), st.text() | st.binary() | st.floats()))
def test_whatever_is_said_is_one_line_of_json(message: str, fields: dict[str, object]) -> None:
    found = record("%s", message)
    found.__dict__["fields"] = fields
    line = logs.JsonLine("broker").format(found)
    assert line.isascii()
    assert len(line.splitlines()) == 1
    assert json.loads(line)["message"] == message


@pytest.mark.parametrize("form", ["text", "json"])
def test_an_error_keeps_its_traceback(form: str) -> None:
    made = {"text": logs.TextLine, "json": logs.JsonLine}[form]("broker")
    found = record("unexpected", port=1)
    with pytest.raises(ValueError, match="invalid literal") as caught:
        int("x")
    found.exc_info = (caught.type, caught.value, caught.tb)
    line = made.format(found)
    exception = json.loads(line)["exception"] if form == "json" else line.partition("port=1\n")[2]
    assert exception.startswith("Traceback")
    assert "\nValueError: invalid literal" in exception


def test_what_is_set_up(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    root.handlers = []
    try:
        logs.set_up("bridge", Log(level="warning", format="json"))
        logging.getLogger("bridge").info("not this")
        logging.getLogger("bridge").warning("this", extra={"fields": {"n": 1}})
    finally:
        root.handlers, root.level = before
    (line,) = capsys.readouterr().err.splitlines()
    assert {"level": "warning", "service": "bridge", "n": 1}.items() <= json.loads(line).items()
