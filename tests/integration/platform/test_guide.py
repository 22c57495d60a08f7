"""The walk with cURL in the manual does what it says, word for word but for the address."""

import re
import subprocess

import httpx

from tests.platform import Platform


def test_the_walk(platform: Platform) -> None:
    guide = httpx.get(f"{platform.url}/v1/openapi.json").json()["info"]["description"]
    (walk,) = re.findall(r"```sh\n(.*?)```", guide, re.DOTALL)
    walk = walk.replace("http://127.0.0.1:8080", platform.url)
    command = ["bash", "-euo", "pipefail", "-c", walk]
    done = subprocess.run(command, text=True, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr + done.stdout
    assert '"name":"ada.walker"' in done.stdout
    told = r"Hikers\nNone\nsystem\n[0-9a-f]{32}\n\$\.display_name\n$"
    assert re.search(told, done.stdout), done.stdout
