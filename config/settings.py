"""Every setting, once: name, meaning and default. ``config/parley.toml`` is printed from here."""

from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from parley_protocol.rest import SignUpMode

Port = Annotated[int, Meta(ge=1, le=65535)]
PortOrNone = Annotated[int, Meta(ge=0, le=65535)]
Positive = Annotated[int, Meta(ge=1)]
BrokerEngine = Literal["parley", "amqtt"]
_LOOPBACK = "127.0.0.1"
Plugins = dict[str, dict[str, Any]]
LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["text", "json"]
_Form = TypeVar("_Form")


class Ledger(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    url: Annotated[
        str,
        Meta(
            description="SQLAlchemy URL of the database; empty: parley.db in the data folder. "
            "PostgreSQL takes its password from PGPASSFILE."
        ),
    ] = ""


class Archive(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    url: Annotated[
        str,
        Meta(
            pattern=r"^(clickhouses?://([^:@/]+@)?([^:@/]+|\[[^]]+\])(:[0-9]+)?/\w+)?$",
            description="Where old messages are moved: clickhouse://user@host:port/database, or "
            "clickhouses:// for TLS; empty: nowhere, the ledger keeps all. The database must be "
            "there; the user needs SELECT, INSERT, CREATE TABLE and ALTER in it, and the bridge "
            "and the API, which may be given a user of their own, SELECT. The password is taken "
            "from the environment variable CLICKHOUSE_PASSWORD",
        ),
    ] = ""
    after_days: Annotated[
        int,
        Meta(
            ge=0,
            description="Age in days at which messages are moved; the last 200 of each "
            "conversation stay",
        ),
    ] = 90


class Broker(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    engine: Annotated[
        BrokerEngine, Meta(description="The broker's engine: Parley's own, or stock amqtt")
    ] = "parley"
    host: Annotated[str, Meta(description="Address to listen on")] = "127.0.0.1"
    port: Annotated[Port, Meta(description="Port of MQTT over TCP")] = 1883
    ws_port: Annotated[Port, Meta(description="Port of MQTT over WebSocket")] = 8083
    certificate: Annotated[
        str,
        Meta(
            description="PEM file of the certificate chain for MQTT over TLS; empty: none. With "
            "one, the two ports above are open to this machine only. A changed file is read again "
            "within a minute."
        ),
    ] = ""
    certificate_key: Annotated[
        str, Meta(description="PEM file of its private key; empty: in the same file")
    ] = ""
    client_authorities: Annotated[
        str,
        Meta(
            description="PEM file of authorities whose client certificates are asked for, not "
            "demanded; for plugins that look at them"
        ),
    ] = ""
    tls_port: Annotated[Port, Meta(description="Port of MQTT over TLS")] = 8883
    wss_port: Annotated[Port, Meta(description="Port of MQTT over WebSocket over TLS")] = 8084
    metrics_host: Annotated[
        str, Meta(description="Address to show the figures on, for Prometheus")
    ] = "127.0.0.1"
    metrics_port: Annotated[
        PortOrNone, Meta(description="Port of the figures, of Parley's own engine; 0: none")
    ] = 9883
    max_connections: Annotated[Positive, Meta(description="Connections at once")] = 10_000
    connect_timeout: Annotated[
        Positive, Meta(description="Seconds that a connection may take to log in")
    ] = 10
    queue_messages: Annotated[
        Positive, Meta(description="Messages kept for a device that is offline")
    ] = 1_000
    session_days: Annotated[
        Positive, Meta(description="Days that an offline device's session is kept")
    ] = 30
    plugins: Annotated[
        Plugins,
        Meta(
            description="amqtt plugins that Parley's own engine loads, each with its configuration "
            'as a table [broker.plugins."package.module.Class"]. A device needs a good token, and '
            "their consent"
        ),
    ] = {}

    @property
    def plain_host(self) -> str:
        """Where the ports without TLS are open: beside ports with TLS, to this machine only."""
        return _LOOPBACK if self.certificate else self.host


class Bridge(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    broker: Annotated[str, Meta(description="mqtt:// URL of the broker; empty: the one above")] = ""
    batch: Annotated[Positive, Meta(description="Messages that one transaction takes at most")] = (
        500
    )


class Api(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    host: Annotated[str, Meta(description="Address to listen on")] = "127.0.0.1"
    port: Annotated[Port, Meta(description="Port of HTTP")] = 8080
    workers: Annotated[Positive, Meta(description="Processes")] = 2
    threads: Annotated[Positive, Meta(description="Requests at once per process")] = 8
    public_mqtt: Annotated[
        str,
        Meta(description="mqtt:// URL told to clients; empty: the host they asked, broker.port"),
    ] = ""
    public_websocket: Annotated[
        str, Meta(description="ws:// URL told to clients; empty: the same with broker.ws_port")
    ] = ""
    metrics_token: Annotated[
        str,
        Meta(
            pattern="^[!-~]*$",
            description="Bearer token with which Prometheus may read /metrics from elsewhere; "
            "empty: from this machine only",
        ),
    ] = ""
    traces: Annotated[
        str,
        Meta(
            pattern="^(https?://.+)?$",
            description="Where spans of requests are sent: the URL of an OpenTelemetry collector "
            "for OTLP over HTTP, as http://127.0.0.1:4318/v1/traces; needs parley[traces]; empty: "
            "nowhere",
        ),
    ] = ""
    proxies: Annotated[
        int, Meta(ge=0, description="Reverse proxies in front whose X-Forwarded headers count")
    ] = 0


Amounts = Annotated[str, Meta(pattern=r"^([0-9]+/(second|minute|hour|day)(;(?=[0-9])|$(?!\n)))*$")]


class Limits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many requests are answered, as ``20/minute;100/hour``; empty: any number."""

    store: Annotated[
        str,
        Meta(
            pattern="^(rediss?://.+)?$",
            description="Where requests are counted: redis://host:port/number, or rediss:// for "
            "TLS; the password is taken from the environment variable REDIS_PASSWORD. Empty: in "
            "memory, where each of api.workers counts for itself, so that up to so many times as "
            "much is let through",
        ),
    ] = ""
    account: Annotated[
        Amounts,
        Meta(description="Requests of an account, as 20/minute;100/hour; empty: any number"),
    ] = "600/minute"
    address: Annotated[
        Amounts, Meta(description="Requests from an address (of IPv6: a /64), with a token or not")
    ] = "6000/minute"
    sign_up: Annotated[Amounts, Meta(description="Sign-ups from an address")] = "60/hour"
    log_in: Annotated[
        Amounts, Meta(description="Logins from an address, and whatever else tries a secret")
    ] = "20/minute;200/hour"
    refresh: Annotated[Amounts, Meta(description="Refreshed tokens from an address")] = "600/minute"


class Accounts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    sign_up: Annotated[
        SignUpMode,
        Meta(
            description="Who can make an account: everybody, who has an invitation (see parley "
            "invite), or nobody"
        ),
    ] = "open"
    app_url: Annotated[
        str,
        Meta(
            pattern="^(https?://[^#]+)?$",
            description="URL of the application that opens links of invitations and mails; their "
            "code is put behind a #. Empty: people are given the code alone",
        ),
    ] = ""

    def link(self, purpose: str, code: str) -> str:
        """Give the link by which the application takes a code; empty where there is none.

        What is behind a # stays with the application: no server gets it, and no server's log.
        """
        return f"{self.app_url}#{purpose}={code}" if self.app_url else ""


class Mail(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    sender: Annotated[
        str,
        Meta(
            pattern=r"^([^<>\r\n]+ <[^<>@\s]+@[^<>@\s]+>|[^<>@\s]+@[^<>@\s]+)$",
            description="From whom mails are: an address, or a name and an <address>",
        ),
    ] = "Parley <parley@localhost>"
    smtp: Annotated[
        str,
        Meta(
            pattern=r"^(smtps?://([^:@/]+@)?([^:@/]+|\[[^]]+\])(:[0-9]+)?)?$",
            description="Server that takes mails: smtps://user@host:465 for TLS from the first "
            "byte, smtp://user@host:587 for STARTTLS, which is insisted on; an @ in user is %40. "
            "Empty: each mail becomes a file in the data folder's mail/. The password is "
            "taken from the environment variable SMTP_PASSWORD",
        ),
    ] = ""


class OpenId(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    issuer: Annotated[
        str,
        Meta(
            pattern=r"^(https://\S+|http://(127\.0\.0\.1|localhost|\[::1\])(:[0-9]+)?(/\S*)?)?$",
            description="URL of an OpenID Connect provider by which people can log in, as it calls "
            "itself; empty: none. The client's secret, where there is one, is taken from the "
            "environment variable OPENID_SECRET",
        ),
    ] = ""
    client_id: Annotated[str, Meta(description="What the provider calls this server")] = "parley"
    redirects: Annotated[
        list[str],
        Meta(
            description="URLs of applications to which the provider may send people back; the "
            "provider must know them, too"
        ),
    ] = []
    sign_up: Annotated[
        bool,
        Meta(
            description="Whether people whom the provider vouches for and who have no account get "
            "one, whatever accounts.sign_up says"
        ),
    ] = True


class Tokens(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    access_minutes: Annotated[Positive, Meta(description="Life of an access token")] = 15
    refresh_days: Annotated[Positive, Meta(description="Life of a session that is not used")] = 90


class Log(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    level: Annotated[LogLevel, Meta(description="The least that is logged")] = "info"
    format: Annotated[
        LogFormat, Meta(description="Lines of text for people, or of JSON for programs")
    ] = "text"


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole of ``parley.toml``."""

    name: Annotated[str, Meta(description="What this server calls itself")] = "Parley"
    data: Annotated[str, Meta(description="Folder of the database and the keys")] = "data"
    ledger: Ledger = Ledger()
    archive: Archive = Archive()
    broker: Broker = Broker()
    bridge: Bridge = Bridge()
    api: Api = Api()
    limits: Limits = Limits()
    accounts: Accounts = Accounts()
    mail: Mail = Mail()
    openid: OpenId = OpenId()
    tokens: Tokens = Tokens()
    log: Log = Log()

    @property
    def folder(self) -> Path:
        """The data folder."""
        return Path(self.data)

    @property
    def ledger_url(self) -> str:
        """The database's URL, filled in."""
        return self.ledger.url or f"sqlite:///{(self.folder / 'parley.db').absolute()}"

    @property
    def broker_url(self) -> str:
        """Where the bridge finds the broker, filled in."""
        return (
            self.bridge.broker or f"mqtt://{reachable(self.broker.plain_host)}:{self.broker.port}"
        )


class SettingsError(Exception):
    """The settings cannot be used; the text is one line for the person who wrote them."""


def load(path: Path | None) -> Settings:
    """Read settings from a TOML file, or give the defaults where no file is named.

    Raises:
        SettingsError: the file is missing, is not TOML, or has a key or value that is not known.
    """
    return Settings() if path is None else _read(path, Settings)


def load_plugins(path: Path) -> Plugins:
    """Read a TOML file of what ``broker.plugins`` holds.

    Raises:
        SettingsError: as of ``load``.
    """
    return _read(path, Plugins)


def _read(path: Path, form: type[_Form]) -> _Form:
    try:
        return msgspec.toml.decode(path.read_bytes(), type=form)
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from None


def broker_urls(settings: Settings, host: str) -> tuple[str, str]:
    """Give the URLs of MQTT and of WebSocket that a client is told who reaches us at ``host``."""
    broker, api = settings.broker, settings.api
    if broker.certificate:
        mqtt, websocket = f"mqtts://{host}:{broker.tls_port}", f"wss://{host}:{broker.wss_port}"
    else:
        mqtt, websocket = f"mqtt://{host}:{broker.port}", f"ws://{host}:{broker.ws_port}"
    return api.public_mqtt or mqtt, api.public_websocket or websocket


def reachable(host: str) -> str:
    """Give an address to connect to where ``host`` is one to listen on."""
    return {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
