"""amqtt's plugins in our own engine: who gets in, who may do what, and what plugins hear."""

import asyncio
import logging
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
from aiohttp import web
from aiomqtt.exceptions import MqttConnectError
from amqtt.session import Session
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from pwdlib import PasswordHash

from broker.amqtt_engine import AmqttEngine
from broker.core.access import Anyone
from broker.engine import BrokerError
from broker.native import NativeEngine
from config import keys
from mqtt.codes import Reason
from parley_protocol import topics
from tests.integration.broker.certificates import Authority
from tests.integration.broker.conftest import Broker, Device, options, take
from tests.integration.broker.plugins import HERE
from tests.platform import Platform, accepts, free_ports, wait

ANYONE = "amqtt.plugins.authentication.AnonymousAuthPlugin"
FILE = "amqtt.plugins.authentication.FileAuthPlugin"
ACCESS_LIST = "amqtt.plugins.topic_checking.TopicAccessControlListPlugin"
CERTIFICATE = "amqtt.contrib.cert.UserAuthCertPlugin"
HTTP_USERS = "amqtt.contrib.http.UserAuthHttpPlugin"
HTTP_TOPICS = "amqtt.contrib.http.TopicAuthHttpPlugin"
ASKED, TOPICS, SLOW = f"{HERE}.Asked", f"{HERE}.Topics", f"{HERE}.Slow"
WATCHER = f"{HERE}.Watcher"
BROKEN, LISTENER, SPEAKER = f"{HERE}.Broken", f"{HERE}.Listener", f"{HERE}.Speaker"


@asynccontextmanager
async def serving(
    plugins: Mapping[str, Any], *, anonymous: bool = True, **more: Any
) -> AsyncIterator[Broker]:
    """Run a broker for anybody whom the plugins let in, or with Parley's rules, too."""
    port, ws_port = free_ports(2)
    chosen = replace(options(port, ws_port), plugins=plugins, **more)
    engine = NativeEngine(chosen, Anyone() if anonymous else None)
    await engine.start()
    try:
        yield Broker(engine, "127.0.0.1", port, ws_port)
    finally:
        await engine.stop()


def client(
    broker: Broker,
    name: str | None = None,
    password: str | None = None,
    *,
    websocket: bool = False,
    v5: bool = False,
    **more: Any,
) -> aiomqtt.Client:
    return aiomqtt.Client(
        broker.host,
        broker.ws_port if websocket else broker.port,
        transport="websockets" if websocket else "tcp",
        protocol=aiomqtt.ProtocolVersion.V5 if v5 else aiomqtt.ProtocolVersion.V311,
        identifier=f"{name or 'nobody'}-phone",
        username=name,
        password=password,
        timeout=5,
        **more,
    )


async def is_let_in(broker: Broker, *who: str, **more: Any) -> bool:
    try:
        async with client(broker, *who, **more):
            return True
    except MqttConnectError:
        return False


@pytest.fixture
def passwords(tmp_path: Path) -> Path:
    file = tmp_path / "passwords"
    file.write_text(f"ada:{PasswordHash.recommended().hash('lovelace')}\n")
    return file


@pytest.mark.parametrize("websocket", [False, True])
async def test_passwords_in_a_file(passwords: Path, *, websocket: bool) -> None:
    async with serving({FILE: {"password_file": str(passwords)}}) as broker:
        assert await is_let_in(broker, "ada", "lovelace", websocket=websocket)
        assert not await is_let_in(broker, "ada", "byron", websocket=websocket)
        assert not await is_let_in(broker, "bob", "lovelace", websocket=websocket)
        # The plugin has no opinion, and nobody else has one.
        assert not await is_let_in(broker, websocket=websocket)


async def test_plugins_that_have_an_opinion_must_agree(passwords: Path) -> None:
    both = {ANYONE: {}, FILE: {"password_file": str(passwords)}}
    async with serving(both) as broker:
        assert await is_let_in(broker)
        assert await is_let_in(broker, "ada", "lovelace")
        assert not await is_let_in(broker, "ada", "byron")


@pytest.mark.parametrize("answer", [True, False, None])
async def test_a_token_and_a_plugin(bridge: Device, *, answer: bool | None) -> None:
    """Both must be content; who has no token is not shown to a plugin, a service needs none."""
    asked: list[Session] = []
    plugins = {ASKED: {"answer": answer, "asked": asked}}
    async with serving(plugins, anonymous=False) as broker:
        with pytest.raises(MqttConnectError):
            async with broker.client(Device(expired=True)):
                pass
        async with broker.client(bridge):
            pass
        assert asked == []
        ada = Device()
        try:
            async with broker.client(ada):
                got_in = True
        except MqttConnectError:
            got_in = False
        assert got_in is (answer is True)
        (seen,) = asked
        assert (seen.client_id, seen.username) == (ada.client_id, ada.uid)
        assert (seen.remote_address, seen.ssl_object) == ("127.0.0.1", None)


async def test_parleys_rules_go_on_beside_plugins(bridge: Device) -> None:
    asked: list[tuple[str, str]] = []
    async with serving({TOPICS: {"asked": asked}}, anonymous=False) as broker:
        ada, eve = Device(), Device()
        async with broker.client(bridge) as service, broker.client(ada) as hers:
            granted = await hers.subscribe([(topics.inbox(eve.uid), 1), (topics.inbox(ada.uid), 1)])
            assert [getattr(code, "value", code) for code in granted] == [0x80, 1]
            await hers.publish(topics.inbox(ada.uid), b"forged", 1)
            await service.publish(topics.inbox(ada.uid), b"real", 1)
            assert await take(hers, 1) == [b"real"]
        mine = topics.inbox(ada.uid)
        assert asked == [("subscribe", mine), ("receive", mine)]


@pytest.mark.filterwarnings("ignore:The 'acl' option")
async def test_a_list_of_topics() -> None:
    lists = {"publish_acl": {"ada": ["sensors/#"]}, "acl": {"ada": ["sensors/+", "other"]}}
    async with serving({ANYONE: {}, ACCESS_LIST: lists}) as broker:
        async with client(broker, "ada", v5=True) as hers:
            granted = await hers.subscribe([("sensors/+", 1), ("other", 1), ("#", 1)])
            assert [getattr(code, "value", code) for code in granted] == [
                1,
                1,
                Reason.NOT_AUTHORIZED,
            ]
            await hers.publish("sensors/a", b"one", 1)
            await hers.publish("other", b"forged", 1)
            await hers.publish("sensors/b", b"two", 1)
            assert await take(hers, 2) == [b"one", b"two"]
        will = aiomqtt.Will("other", b"forged", 1)
        assert not await is_let_in(broker, "ada", will=will)


async def test_what_was_allowed_is_asked_again() -> None:
    refused: set[str] = set()
    async with serving({TOPICS: {"refused": refused}}) as broker, client(broker, "ada") as hers:
        await hers.subscribe("news", 1)
        await hers.publish("news", b"one", 1)
        refused.add("publish news")
        await hers.publish("news", b"two", 1)
        refused.clear()
        await hers.publish("news", b"three", 1)
        assert await take(hers, 2) == [b"one", b"three"]


async def test_an_alias_is_as_good_as_its_topic() -> None:
    asked: list[tuple[str, str]] = []
    async with (
        serving({TOPICS: {"asked": asked}}) as broker,
        client(broker, "ada", v5=True) as hers,
    ):
        await hers.subscribe("news", 1)
        asked.clear()
        for name in ("news", ""):
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            properties.TopicAlias = 1
            await hers.publish(name, b"hello", 1, properties=properties)
        assert await take(hers, 2) == [b"hello"] * 2
        assert asked == [("publish", "news")] * 2


async def test_who_may_not_receive_cannot_subscribe_nor_keep_a_subscription(tmp_path: Path) -> None:
    refused = {"receive secret"}
    async with serving({TOPICS: {"refused": refused}}, journal=tmp_path) as broker:
        async with client(broker, "ada", clean_session=False) as hers:
            granted = await hers.subscribe([("secret", 1), ("news", 1), ("$share/a/more", 1)])
            assert [getattr(code, "value", code) for code in granted] == [0x80, 1, 1]
        refused.update({"receive news", "receive more"})
        async with client(broker, "bob") as his, client(broker, "ada", clean_session=False) as hers:
            for topic in ("secret", "news", "more"):
                await his.publish(topic, b"secret", 1)
            await hers.subscribe("open", 1)
            await his.publish("open", b"open", 1)
            assert await take(hers, 1) == [b"open"]


async def test_an_http_server_decides() -> None:
    """By amqtt's plugin: 1 is to receive, 2 to publish, 4 to subscribe."""
    seen: list[dict[str, Any]] = []

    async def answer(request: web.Request) -> web.Response:
        asked = await request.json()
        seen.append(asked)
        if request.path == "/user":
            return web.json_response({"ok": asked["password"] == "lovelace"})
        return web.json_response({"ok": (asked["topic"], asked["acc"]) != ("news", 2)})

    application = web.Application()
    application.router.add_get("/{any}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    (port,) = free_ports(1)
    await web.TCPSite(runner, "127.0.0.1", port).start()
    place = {"host": "127.0.0.1", "port": port}
    async with serving({HTTP_USERS: place, HTTP_TOPICS: place}) as broker:
        assert not await is_let_in(broker, "ada", "byron")
        async with client(broker, "ada", "lovelace") as hers:
            await hers.subscribe([("news", 1), ("other", 1)])
            await hers.publish("news", b"forged", 1)
            await hers.publish("other", b"honest", 1)
            assert await take(hers, 1) == [b"honest"]
    who = {"username": "ada", "client_id": "ada-phone"}
    assert {**who, "topic": "news", "acc": 4} in seen
    assert {**who, "topic": "news", "acc": 1} in seen
    await runner.cleanup()


@pytest.mark.parametrize("websocket", [False, True])
async def test_a_certificate_names_the_client_id(tmp_path: Path, *, websocket: bool) -> None:
    authority = Authority(tmp_path / "authority")
    tls = replace(authority.listeners(tmp_path), authorities=authority.file)
    context = ssl.create_default_context(cafile=str(authority.file))
    async with serving({CERTIFICATE: {"uri_domain": "example.org"}}, tls=tls) as broker:
        secured = replace(broker, port=tls.port, ws_port=tls.ws_port)
        assert not await is_let_in(broker, "ada", websocket=websocket)
        assert not await is_let_in(secured, "ada", websocket=websocket, tls_context=context)
        files = authority.identify("spiffe://example.org/device/ada-phone", tmp_path)
        context.load_cert_chain(*files)
        assert await is_let_in(secured, "ada", websocket=websocket, tls_context=context)
        assert not await is_let_in(secured, "eve", websocket=websocket, tls_context=context)


@pytest.mark.parametrize("websocket", [False, True])
async def test_what_a_listener_hears(*, websocket: bool) -> None:
    heard: asyncio.Queue[tuple[object, ...]] = asyncio.Queue()
    plugins = {LISTENER: {"heard": heard}, TOPICS: {"refused": {"publish secret"}}}
    async with serving(plugins) as broker:
        async with client(broker, "ada", websocket=websocket) as hers:
            await hers.subscribe([("news", 2), ("$nothing", 0)])
            await hers.publish("news", b"one", 1)
            await hers.publish("secret", b"two", 0)
            await hers.publish("kept", b"three", 2, retain=True)
            await hers.unsubscribe("news")
        while_it_ran = [await asyncio.wait_for(heard.get(), 10) for _ in range(13)]
    me = "ada-phone"
    assert while_it_ran == [
        ("pre_start",),
        ("post_start",),
        ("connected", me, "ada"),
        ("subscribed", me, "news", 2),
        ("subscribed", me, "$nothing", 0),
        ("received", me, "news", b"one", 1),
        ("broadcast", me, "news"),
        ("received", me, "secret", b"two", 0),
        ("received", me, "kept", b"three", 2),
        ("broadcast", me, "kept"),
        ("retained", None, "kept", b"three"),
        ("unsubscribed", me, "news"),
        ("disconnected", me, "ada"),
    ]
    at_the_end = [heard.get_nowait() for _ in range(heard.qsize())]
    assert at_the_end == [("pre_shutdown",), ("post_shutdown",), ("closed",)]


@pytest.mark.parametrize("v5", [False, True])
async def test_packets_as_amqtt_knows_them(*, v5: bool) -> None:
    seen: dict[str, asyncio.Queue[object]] = {"from": asyncio.Queue(), "to": asyncio.Queue()}

    async def next_of(way: str, count: int) -> list[object]:
        return [await asyncio.wait_for(seen[way].get(), 10) for _ in range(count)]

    async with serving({WATCHER: {"seen": seen}}) as broker:
        async with client(broker, "ada", v5=v5) as hers:
            await hers.subscribe("news", 1)
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            properties.UserProperty = ("colour", "red")
            await hers.publish("news", b"hello", 1, properties=properties if v5 else None)
            assert await take(hers, 1) == [b"hello"]
        me = "ada-phone"
        assert await next_of("from", 5) == [
            ("ConnectPacket", None, None),
            ("SubscribePacket", me, None),
            ("PublishPacket", me, "news"),
            ("PubackPacket", me, None),
            ("DisconnectPacket", me, None),
        ]
        assert await next_of("to", 4) == [
            ("ConnackPacket", me, None),
            ("SubackPacket", me, None),
            ("PublishPacket", me, "news"),
            ("PubackPacket", me, None),
        ]


async def test_who_is_taken_over_has_left_before_who_takes_over_comes() -> None:
    heard: asyncio.Queue[tuple[object, ...]] = asyncio.Queue()
    async with serving({LISTENER: {"heard": heard}}) as broker, client(broker, "ada"):
        async with client(broker, "ada"):
            pass
        said = [(await asyncio.wait_for(heard.get(), 10))[0] for _ in range(6)]
    assert said[2:] == ["connected", "disconnected", "connected", "disconnected"]


async def test_what_a_plugin_can_do() -> None:
    async with serving({SPEAKER: {}}) as broker, client(broker, "ada") as hers:
        await hers.subscribe([("answer", 1), ("other", 0)])
        await hers.publish("ask", b"", 1)
        subscriptions = {"answer": 1, "other": 1}
        seen = [["ada-phone"], "ada", subscriptions, "by a plugin"]
        assert await take(hers, 1) == [repr(seen).encode()]
        await hers.subscribe("kept", 1)
        assert await take(hers, 1) == [b"by a plugin"]


@pytest.mark.parametrize("websocket", [False, True])
async def test_a_slow_plugin_keeps_the_order_and_others_go_on(*, websocket: bool) -> None:
    slow: Any = {"topic": "slow", "asked": asyncio.Event(), "answer": asyncio.Event()}
    async with (
        serving({SLOW: slow}) as broker,
        client(broker, "bob") as his,
        client(broker, "ada", websocket=websocket) as hers,
    ):
        await his.subscribe("his", 1)
        async with client(broker, "carl") as another:
            await another.subscribe("#", 1)
            sent = [asyncio.create_task(hers.publish("slow", b"first", 1))]
            await slow["asked"].wait()
            sent += [asyncio.create_task(hers.publish("quick", b"%d" % n, 1)) for n in range(5)]
            await his.publish("his", b"unhindered", 1)
            assert await take(his, 1) == [b"unhindered"]
            assert await take(another, 1) == [b"unhindered"]
            slow["answer"].set()
            await asyncio.gather(*sent)
            assert await take(another, 6) == [b"first", b"0", b"1", b"2", b"3", b"4"]


@pytest.mark.parametrize("websocket", [False, True])
async def test_what_came_before_the_end_counts(*, websocket: bool) -> None:
    """A client says its last while a plugin thinks; it has a will, which stays unsaid."""
    slow: Any = {"topic": "slow", "asked": asyncio.Event(), "answer": asyncio.Event()}
    async with serving({SLOW: slow}) as broker, client(broker, "bob") as his:
        await his.subscribe("#", 1)
        will = aiomqtt.Will("will", b"lost", 1)
        async with client(broker, "ada", websocket=websocket, will=will) as hers:
            for topic, text in (("slow", b"one"), ("quick", b"two")):
                await hers.publish(topic, text, 0)
        await slow["asked"].wait()
        slow["answer"].set()
        assert await take(his, 2) == [b"one", b"two"]
        await his.publish("last", b"last", 1)
        assert await take(his, 1) == [b"last"]


async def test_a_plugin_that_never_answers() -> None:
    slow: Any = {"topic": "slow", "asked": asyncio.Event(), "answer": asyncio.Event()}
    async with serving({SLOW: slow}) as broker, client(broker, "bob") as his:
        assert not await is_let_in(broker, "ada", will=aiomqtt.Will("slow", b"", 1))
        async with client(broker, "eve") as hers:
            await hers.publish("slow", b"one", 0)
            with pytest.raises(aiomqtt.MqttError):
                await take(hers, 1)
        await his.publish("quick", b"", 1)


async def test_a_broken_plugin_costs_one_client_its_connection(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    async with serving({BROKEN: {}}) as broker, client(broker, "bob", "s3cret") as his:
        await his.subscribe("news", 1)
        with pytest.raises(MqttConnectError) as caught:
            async with client(broker, "broken", "s3cret", v5=True):
                pass
        assert caught.value.rc == Reason.SERVER_UNAVAILABLE
        async with client(broker, "ada", "s3cret", v5=True) as hers:
            await hers.publish("broken", b"s3cret", 0)
            with pytest.raises(aiomqtt.MqttError):
                await take(hers, 1)
        await his.publish("news", b"still here", 1)
        assert await take(his, 1) == [b"still here"]
    assert "s3cret" not in caplog.text
    warnings = [found for found in caplog.records if found.levelno == logging.WARNING]
    fields = {"plugin": "Broken", "error": "RuntimeError"}
    assert [found.__dict__["fields"] for found in warnings] == [fields] * 3


@pytest.mark.parametrize(
    ("plugin", "configuration", "words"),
    [
        ("nothing.here.Plugin", {}, "No module named 'nothing'"),
        ("Plugin", {}, "Plugin doesn't look like a module path"),
        ("amqtt.session.Session", {}, "is not a subclass"),
        (ANYONE, {"colour": "s3cret"}, "its configuration has no colour"),
        (HTTP_USERS, {"port": 80}, "its configuration's host is missing or of a wrong type"),
        (HTTP_USERS, {"host": "a", "port": "s3cret"}, "its configuration's port is missing or of"),
        (FILE, {"password_file": "/nothing"}, "PasswordFileError"),
    ],
)
async def test_a_plugin_that_cannot_be_loaded(
    tmp_path: Path, plugin: str, configuration: dict[str, Any], words: str
) -> None:
    with pytest.raises(BrokerError) as caught:
        async with serving({plugin: configuration}, journal=tmp_path):
            pass
    assert str(caught.value).startswith(f"the plugin {plugin}: ")
    assert words in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_the_command_loads_plugins_from_a_file(tmp_path: Path, passwords: Path) -> None:
    file, (port, ws_port) = tmp_path / "plugins.toml", free_ports(2)
    file.write_text(f'["{FILE}"]\npassword_file = "{passwords}"\n')
    broker = [sys.executable, "-m", "parley", "broker", "--anonymous", "--plugins", str(file)]
    with subprocess.Popen([*broker, "--mqtt", str(port), "--ws", str(ws_port)]) as process:
        wait(lambda: accepts(port))
        say = ["mosquitto_pub", "-p", str(port), "-t", "news", "-m", "hello", "-u", "ada"]
        assert subprocess.run([*say, "-P", "lovelace"], check=False).returncode == 0
        assert subprocess.run([*say, "-P", "byron"], check=False).returncode != 0
        process.terminate()
    assert process.returncode == 0


async def test_a_platform_with_plugins(tmp_path: Path, passwords: Path) -> None:
    """The bridge is at work; a device with a good token still needs the plugin's consent."""
    table = f'[broker.plugins."{FILE}"]\npassword_file = "{passwords}"\n'
    with Platform(tmp_path, table) as platform:
        device = Device(key=keys.signing_key(platform.data))
        with pytest.raises(MqttConnectError):
            async with aiomqtt.Client(
                "127.0.0.1",
                platform.mqtt,
                identifier=device.client_id,
                username=device.uid,
                password=device.token,
            ):
                pass


async def test_stock_amqtt_loads_no_plugins_of_ours() -> None:
    engine = AmqttEngine(replace(options(*free_ports(2)), plugins={ANYONE: {}}))
    with pytest.raises(BrokerError, match=r"broker\.plugins needs broker\.engine"):
        await engine.start()
