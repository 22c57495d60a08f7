"""``parley replay``: the log's file in, a progress bar, and one line of JSON out."""

import asyncio
import json
import tempfile
from pathlib import Path

import click
import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from parley.replay.irc import read_log, read_replies
from parley.replay.plan import Plan, make_plan
from parley.replay.run import Replay, Result


def run(file: Path, server: str) -> int:
    """Replay a file, print the result, and give the exit status."""
    plan = load_plan(file)
    _require_server(server)
    result = asyncio.run(_replay(plan, server))
    click.echo(json.dumps(result.as_dict()))
    return 1 if result.mismatches else 0


def load_plan(file: Path) -> Plan:
    """Read a log, and its annotations where there are any."""
    annotation = file.with_name(file.name.replace(".raw.txt", ".annotation.txt"))
    has_replies = annotation != file and annotation.exists()
    replies = read_replies(annotation.read_text()) if has_replies else {}
    try:
        # Not read_text(): it would take other characters for line ends.
        content = file.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise click.ClickException(f"{file}: not UTF-8: {error.reason}") from None
    return make_plan(read_log(content), replies)


def _require_server(server: str) -> None:
    # Later on, a server that is away is waited for.
    try:
        httpx.get(f"{server}/health").raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise click.ClickException(f"{server} does not answer: {error}") from None


async def _replay(plan: Plan, server: str) -> Result:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with (
        tempfile.TemporaryDirectory(prefix="parley-replay-") as folder,
        Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as bar,
    ):
        tasks = {stage: bar.add_task(stage, total=None) for stage in ("people", "messages")}

        def progress(stage: str, done: int, total: int) -> None:
            bar.update(tasks[stage], completed=done, total=total)

        async with Replay(plan, server, Path(folder), progress) as replay:
            return await replay.run()
