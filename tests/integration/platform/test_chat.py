"""``parley chat`` in a terminal, typed at by two people."""

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pyotp
import pytest

from parley_protocol.ids import new_id
from tests.integration.platform.people import PASSWORD
from tests.platform import Platform, free_ports

_SECONDS = 30


class Terminal:
    """A program in a pseudo-terminal: what it shows is read, what it asks is typed."""

    def __init__(self, *arguments: object) -> None:
        self._end, theirs = pty.openpty()
        command = [sys.executable, "-m", "parley", "chat", *map(str, arguments)]
        self._process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
        )
        os.close(theirs)
        self._seen = ""

    def expect(self, pattern: str) -> None:
        """Wait until it shows something, and go on behind it."""
        deadline = time.monotonic() + _SECONDS
        while not (found := re.search(pattern, self._seen)):
            assert time.monotonic() < deadline, self._seen
            self._read()
        self._seen = self._seen[found.end() :]

    def type(self, *lines: str) -> None:
        for line in lines:
            os.write(self._end, f"{line}\n".encode())

    def status(self) -> int:
        """Wait for its end; give its exit status."""
        while self._process.poll() is None:
            self._read()
        return self._process.returncode

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._end)

    def _read(self) -> None:
        ready, _, _ = select.select([self._end], [], [], 0.1)
        if ready:
            try:
                self._seen += os.read(self._end, 1 << 16).decode(errors="replace")
            except OSError:  # Linux says so when the program has left
                self._process.wait(_SECONDS)


@pytest.fixture
def terminals() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def enter(stack: ExitStack, platform: Platform, folder: Path, name: str) -> Terminal:
    terminal = Terminal("--server", platform.url, "--store", folder / f"{name}.db")
    stack.callback(terminal.close)
    for question, answer in (("Name: ", name), ("Password: ", PASSWORD), (r"\[y/N\]: ", "y")):
        terminal.expect(question)
        terminal.type(answer)
    terminal.expect("connected")
    return terminal


def test_two_people_talk(platform: Platform, tmp_path: Path, terminals: ExitStack) -> None:
    ada, bob = f"ada-{new_id()[-8:]}", f"bob-{new_id()[-8:]}"
    hers = enter(terminals, platform, tmp_path, ada)
    his = enter(terminals, platform, tmp_path, bob)
    hers.type(f"/dm {bob}")
    hers.expect(f"— {bob}")
    hers.type("hello, Bob")
    his.expect(rf"\[{ada}\] \d\d:\d\d {ada}: hello, Bob")
    his.type("/list")
    his.expect(rf"1 {ada}  \(1 new\)")
    his.type("/open 1", "hello yourself")
    hers.expect(rf"\d\d:\d\d {bob}: hello yourself")
    his.type(f'/group "Tea time" {ada}')
    his.expect("— Tea time")
    hers.expect(rf"\[Tea time\] \d\d:\d\d \* {bob} made the group “Tea time”")
    his.type("/who", "/me pours", "//not a command")
    his.expect(rf"{ada} \({ada}, member\)")
    hers.expect(rf"\* {bob} pours")
    hers.expect(rf"{bob}: /not a command")
    his.type("/leave")
    hers.expect(rf"\* {bob} left the group")
    his.expect("You are no longer in Tea time")
    his.type("/quit")
    assert his.status() == 0


def test_mistakes_are_answered(platform: Platform, tmp_path: Path, terminals: ExitStack) -> None:
    ada = enter(terminals, platform, tmp_path, f"ada-{new_id()[-8:]}")
    for line, answer in {
        "/nothing": "there is no /nothing",
        "hello?": "open a conversation first",
        "/open 7": "give a number of /list",
        "/dm": "give a name",
        "/dm nobody-of-that-name": "nobody called nobody-of-that-name",
        '/group "Tea': "No closing quotation",
    }.items():
        ada.type(line)
        ada.expect(answer)


def test_the_next_time_nothing_is_asked(
    platform: Platform, tmp_path: Path, terminals: ExitStack
) -> None:
    name = f"ada-{new_id()[-8:]}"
    first = enter(terminals, platform, tmp_path, name)
    first.type("/quit")
    assert first.status() == 0
    again = Terminal("--server", platform.url, "--store", tmp_path / f"{name}.db")
    terminals.callback(again.close)
    again.expect("connected")


def test_a_second_factor_is_asked_for(
    platform: Platform, tmp_path: Path, terminals: ExitStack
) -> None:
    name, clock = f"ada-{new_id()[-8:]}", int(time.time())
    first = enter(terminals, platform, tmp_path, name)
    first.type("/quit")
    assert first.status() == 0
    with httpx.Client(base_url=platform.url) as http:
        given = {"name": name, "password": PASSWORD}
        token = http.post("/v1/sessions", json=given).json()["access_token"]
        http.headers["Authorization"] = f"Bearer {token}"
        path = "/v1/me/second-factor"
        secret = pyotp.TOTP(http.post(path, json={"password": PASSWORD}).json()["secret"])
        shown = http.post(f"{path}/confirmation", json={"code": secret.at(clock)}).json()
    again = Terminal("--server", platform.url, "--store", tmp_path / "another.db")
    terminals.callback(again.close)
    code = "Code of the second factor: "
    for question, answer in (("Name: ", name), ("Password: ", PASSWORD), (code, shown["codes"][0])):
        again.expect(question)
        again.type(answer)
    again.expect("connected")


def test_a_server_that_is_away(tmp_path: Path, terminals: ExitStack) -> None:
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    terminal = Terminal("--server", url, "--store", tmp_path / "ada.db")
    terminals.callback(terminal.close)
    for question, answer in (("Name: ", "ada"), ("Password: ", PASSWORD)):
        terminal.expect(question)
        terminal.type(answer)
    terminal.expect("parley: the server does not answer")
    assert terminal.status() == 2
