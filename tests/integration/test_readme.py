"""README's examples do what README says, word for word but for the ports."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.platform import Platform

_README = Path(__file__).parents[2] / "README.md"


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with Platform(tmp_path_factory.mktemp("readme")) as running:
        yield running


def example(language: str, platform: Platform) -> str:
    (code,) = re.findall(
        rf"<!-- tested: {language} -->\n```{language}\n(.*?)```", _README.read_text(), re.DOTALL
    )
    for written, here in {
        "http://127.0.0.1:8080": platform.url,
        "-p 1883": f"-p {platform.mqtt}",
    }.items():
        code = code.replace(written, here)
    return str(code)


def run(command: list[str], code: str, folder: Path) -> str:
    done = subprocess.run(
        command, input=code, text=True, capture_output=True, check=False, cwd=folder, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_examples(platform: Platform, tmp_path: Path) -> None:
    said = run([sys.executable, "-"], example("python", platform), tmp_path)
    assert said == "Hello, Bob!\n"
    said = run(["bash"], example("sh", platform), tmp_path)
    assert '"text":"Hello again, Bob!"' in said
    assert '"seq":2' in said


def test_it_is_one_screen() -> None:
    assert len(_README.read_text().splitlines()) < 100
