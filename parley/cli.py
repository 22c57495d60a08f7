"""The command line. Mistakes get one line on stderr and exit status 2."""

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click
import msgspec

from config.form import document
from config.settings import Broker, Log, Settings, SettingsError, load_plugins
from parley import logs
from parley.options import UnusableError, settings_of, with_settings
from parley.portability import commands

_log = logging.getLogger(__name__)
_FAILED = 1
_UNUSABLE = 2
_STOPPED_BY_KEYBOARD = 130
_PORT = click.IntRange(1, 65535)


def main() -> NoReturn:
    """Run ``parley`` and exit with its status."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run ``parley`` with arguments and give its exit status."""
    try:
        status = parley.main(arguments, prog_name="parley", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        return _help(error)
    except click.ClickException as error:
        return _complain(error.format_message())
    except (SettingsError, UnusableError) as error:
        return _complain(str(error))
    except (click.Abort, KeyboardInterrupt):
        return _STOPPED_BY_KEYBOARD
    except Exception as error:  # noqa: BLE001 - no traceback reaches a user
        _log.debug("unexpected", exc_info=error)
        _complain(f"{error or type(error).__name__}")
        return _FAILED
    return status if isinstance(status, int) else 0


def _help(error: click.exceptions.NoArgsIsHelpError) -> int:
    click.echo(error.format_message())
    return _UNUSABLE


def _complain(text: str) -> int:
    click.echo(f"parley: {' '.join(text.split())}", err=True)
    return _UNUSABLE


@click.group()
@click.version_option(package_name="parley", message="%(prog)s %(version)s")
def parley() -> None:
    """Run a messenger of your own."""


@parley.command()
@with_settings
@click.option("--host", help="Address on which everything listens.")
@click.option("--http", type=_PORT, metavar="PORT", help="Port of the API.")
@click.option("--mqtt", type=_PORT, metavar="PORT", help="Port of MQTT.")
@click.option("--ws", type=_PORT, metavar="PORT", help="Port of WebSocket.")
@click.option("--metrics", type=_PORT, metavar="PORT", help="Port of the broker's figures.")
def up(  # noqa: PLR0913 - one argument an option
    config: Path | None,
    data: str | None,
    host: str | None,
    http: int | None,
    mqtt: int | None,
    ws: int | None,
    metrics: int | None,
) -> int:
    """Run broker, bridge, keeper and API together, and look after them."""
    from parley import up as platform

    settings = settings_of(config, data)
    api = _replaced(settings.api, host=host, port=http)
    broker = _replaced(settings.broker, host=host, port=mqtt, ws_port=ws, metrics_port=metrics)
    return platform.run(msgspec.structs.replace(settings, api=api, broker=broker))


def _replaced(section: Any, **changes: Any) -> Any:  # noqa: ANN401 - any section of the settings
    given = {name: value for name, value in changes.items() if value is not None}
    return msgspec.structs.replace(section, **given)


@parley.command()
@with_settings
def setup(config: Path | None, data: str | None) -> None:
    """Make the data folder, the keys and the tables; up does this by itself."""
    from parley.prepare import prepare

    prepare(settings_of(config, data))


@parley.command()
@with_settings
@click.option("--uses", type=click.IntRange(1, 1_000_000), default=1, show_default=True)
@click.option("--days", type=click.IntRange(1, 3_650), default=7, show_default=True)
def invite(config: Path | None, data: str | None, uses: int, days: int) -> None:
    """Make an invitation: it lets so many people sign up, for so many days."""
    from parley.invite import run

    run(settings_of(config, data), uses=uses, days=days)


@parley.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_settings
def erase(name: str, config: Path | None, data: str | None, *, yes: bool) -> None:
    """Close an account, and have all that the person has said forgotten.

    Works while the platform runs. It cannot be undone.
    """
    from parley.erase import run

    run(settings_of(config, data), name, is_sure=yes)


@parley.group(invoke_without_command=True)
@with_settings
@click.option(
    "--anonymous", is_flag=True, help="Be a broker for anybody, on loopback, no settings."
)
@click.option("--mqtt", type=_PORT, metavar="PORT", default=1883, help="Its port of MQTT.")
@click.option("--ws", type=_PORT, metavar="PORT", help="Its port of WebSocket; the next, if none.")
@click.option(
    "--refuse", multiple=True, metavar="FILTER", help="A filter that it refuses to serve."
)
@click.option("--metrics", type=_PORT, metavar="PORT", help="Its port of figures; none, if none.")
@click.option(
    "--plugins",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Its amqtt plugins (TOML): class names, each with its configuration.",
)
@click.pass_context
def broker(  # noqa: PLR0913 - one argument an option
    context: click.Context,
    config: Path | None,
    data: str | None,
    *,
    anonymous: bool,
    mqtt: int,
    ws: int | None,
    refuse: tuple[str, ...],
    metrics: int | None,
    plugins: Path | None,
) -> None:
    """Run the broker alone; with --anonymous, as a general MQTT broker without Parley's rules."""
    if context.invoked_subcommand is not None:
        return
    from broker.engine import BrokerError
    from broker.service import run, run_alone

    if plugins and not anonymous:
        raise UnusableError("--plugins is for --anonymous; otherwise the settings name them")
    if not anonymous:
        _serve("broker", run, settings_of(config, data))
        return
    chosen = Broker(
        port=mqtt,
        ws_port=ws or mqtt + 1,
        metrics_port=metrics or 0,
        plugins=load_plugins(plugins) if plugins else {},
    )
    logs.set_up("broker", Log())
    try:
        run_alone(chosen, refuse, data)
    except BrokerError as error:
        raise UnusableError(str(error)) from None


@broker.command()
@with_settings
@click.option("--metrics", type=_PORT, metavar="PORT", help="Its port of figures.")
@click.option("--json", "as_json", is_flag=True, help="Print every figure, for programs.")
def status(config: Path | None, data: str | None, metrics: int | None, *, as_json: bool) -> None:
    """Say what the running broker is doing."""
    from parley import status as figures
    from parley.places import address

    chosen = _replaced(settings_of(config, data).broker, metrics_port=metrics)
    if not chosen.metrics_port:
        raise UnusableError("broker.metrics_port is 0: the broker shows no figures")
    place = address(chosen.metrics_host, chosen.metrics_port)
    click.echo(msgspec.json.encode(figures.ask(place)) if as_json else figures.table(place))


@parley.command()
@with_settings
def bridge(config: Path | None, data: str | None) -> None:
    """Run the bridge alone."""
    from bridge.service import run

    _serve("bridge", run, settings_of(config, data))


@parley.command()
@with_settings
def keeper(config: Path | None, data: str | None) -> None:
    """Run the keeper alone: it indexes, forgets, moves old messages and sends mail."""
    from keeper.service import run

    _serve("keeper", run, settings_of(config, data))


@parley.command()
@with_settings
def webapi(config: Path | None, data: str | None) -> None:
    """Run the API alone."""
    from parley.figures import shared

    with shared():
        from webapi.service import run

        _serve("webapi", run, settings_of(config, data))


_Service = Callable[[Settings, Callable[[], None]], None]


def _serve(name: str, service: _Service, settings: Settings) -> None:
    from broker.engine import BrokerError
    from parley.prepare import require_keys
    from parley.supervised import end_with_parent, tell_ready

    logs.set_up(name, settings.log)
    require_keys(settings)
    end_with_parent()
    try:
        service(settings, tell_ready)
    except BrokerError as error:
        raise UnusableError(str(error)) from None


@parley.command(name="settings")
def show_settings() -> None:
    """Print every setting, with its meaning and default, as a settings file."""
    click.echo(document(), nl=False)


@parley.command()
@with_settings
def doctor(config: Path | None, data: str | None) -> int:
    """Say what is wrong with a set-up."""
    from parley.doctor import examine

    return examine(lambda: settings_of(config, data))


@parley.command()
@click.option("--server", default="http://127.0.0.1:8080", show_default=True, help="The API's URL.")
@click.option(
    "--store", type=click.Path(dir_okay=False, path_type=Path), help="This device's file."
)
def chat(server: str, store: Path | None) -> None:
    """Chat in the terminal."""
    from clients.terminal.chat import run

    run(server, store)


@parley.command(add_help_option=True)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--server", default="http://127.0.0.1:8080", show_default=True, help="The API's URL.")
def replay(file: Path, server: str) -> int:
    """Play an IRC log through a running platform, and compare what came out.

    Reply links are read from NAME.annotation.txt beside NAME.raw.txt. The exit status is 1 where
    anything differs.
    """
    from parley.replay.command import run

    return run(file, server)


for command in (commands.export, commands.import_, commands.backup, commands.restore):
    parley.add_command(command)
