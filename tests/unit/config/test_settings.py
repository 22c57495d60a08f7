"""Settings: one documented form, and precise words about what is wrong."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.form import document, dump
from config.settings import Api, Broker, Settings, SettingsError, load, reachable

_CONFIGURED = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=3,
)
_PLUGIN = st.dictionaries(st.text(), _CONFIGURED, max_size=2)
_FILE = Path(__file__).parents[3] / "config" / "parley.toml"


def test_the_file_is_the_code() -> None:
    assert _FILE.read_text() == document(), "run: parley settings > config/parley.toml"


def test_the_form_as_printed_is_the_defaults() -> None:
    assert msgspec.toml.decode(document(), type=Settings) == Settings()


def test_the_form_with_every_mark_removed_is_the_defaults() -> None:
    lines = document().splitlines()
    keys = [line.removeprefix("#") for line in lines if not line.startswith("# ")]
    assert msgspec.toml.decode("\n".join(keys), type=Settings) == Settings()


@given(
    st.builds(
        Settings,
        name=st.text(),
        broker=st.builds(
            Broker,
            host=st.text(),
            port=st.integers(1, 65535),
            plugins=st.dictionaries(st.text(), _PLUGIN, max_size=2),
        ),
        api=st.builds(Api, public_mqtt=st.text(), proxies=st.integers(0, 9)),
    )
)
def test_what_is_dumped_loads_again(settings: Settings) -> None:
    assert msgspec.toml.decode(dump(settings), type=Settings) == settings


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[broker]\nprot = 1", "unknown field `prot`"),
        ("[borker]", "unknown field `borker`"),
        ("[api]\nport = 70000", "$.api.port"),
        ("[api]\nport = '80'", "$.api.port"),
        ("[log]\nlevel = 'loud'", "$.log.level"),
        ("= 3", "line 1"),
        ("name = '\udcff'", "utf-8"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "parley.toml"
    file.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(SettingsError) as caught:
        load(file)
    assert str(file) in str(caught.value)
    assert words in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="No such file"):
        load(tmp_path / "nothing.toml")


def test_no_file_means_the_defaults() -> None:
    assert load(None) == Settings()


@pytest.mark.parametrize(
    ("listened", "reached"),
    [("0.0.0.0", "127.0.0.1"), ("", "127.0.0.1"), ("::", "::1"), ("10.0.0.7", "10.0.0.7")],
)
def test_where_to_connect(listened: str, reached: str) -> None:
    assert reachable(listened) == reached


@pytest.mark.parametrize(
    "url",
    [
        "clickhouse://parley@127.0.0.1:9000/parley",
        "clickhouse://host/parley",
        "clickhouses://parley@[::1]:9440/parley",
        "",
    ],
)
def test_where_the_archive_may_be(tmp_path: Path, url: str) -> None:
    file = tmp_path / "parley.toml"
    file.write_text(f"[archive]\nurl = '{url}'\n")
    assert load(file).archive.url == url


@pytest.mark.parametrize(
    "url",
    [
        "clickhouse://parley:secret@127.0.0.1:9000/parley",
        "clickhouse://127.0.0.1:9000",
        "http://127.0.0.1:8123/parley",
        "127.0.0.1",
    ],
)
def test_an_archive_that_cannot_be_used_is_said_without_its_password(
    tmp_path: Path, url: str
) -> None:
    file = tmp_path / "parley.toml"
    file.write_text(f"[archive]\nurl = '{url}'\n")
    with pytest.raises(SettingsError, match=r"archive\.url") as error:
        load(file)
    assert "secret" not in str(error.value)
