"""The API's figures on a running platform."""

import re

import httpx

from tests.platform import Platform

_REQUESTS = 20
_COUNT = re.compile(r'^parley_api_requests_total{.*route="/v1/server".*} (.*)$', re.MULTILINE)


def counted(platform: Platform) -> float:
    return sum(map(float, _COUNT.findall(httpx.get(f"{platform.url}/metrics").text)))


def test_each_process_shows_the_figures_of_all(platform: Platform) -> None:
    before = counted(platform)
    for _ in range(_REQUESTS):
        # On a connection of its own each, so that they go to either process.
        httpx.get(f"{platform.url}/v1/server").raise_for_status()
    assert {counted(platform) for _ in range(_REQUESTS)} == {before + _REQUESTS}
