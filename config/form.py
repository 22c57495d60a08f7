"""The documented form of the settings: a TOML file with every key, its meaning and its default."""

import textwrap
from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

import msgspec

from config.settings import Settings

_WIDTH = 96
_HEAD = """\
# Every setting of Parley, with its default. Remove the # before a key to change it.
# Printed by: parley settings
"""


def document() -> str:
    """Print the settings as a TOML file in which every default is commented out."""
    return "\n".join([_HEAD, *_section(Settings())]) + "\n"


def dump(settings: Settings) -> str:
    """Print settings as a TOML file that loads to them."""
    return msgspec.toml.encode(settings).decode()


def _section(values: msgspec.Struct) -> Iterator[str]:
    hints = get_type_hints(type(values), include_extras=True)
    sections: list[tuple[str, msgspec.Struct]] = []
    for name, hint in hints.items():
        value = getattr(values, name)
        if isinstance(value, msgspec.Struct):
            sections.append((name, value))
        else:
            yield from _documented(name, hint, value)
    for name, section in sections:
        yield f"\n[{name}]"
        yield from _section(section)


def _documented(name: str, hint: Any, value: object) -> Iterator[str]:  # noqa: ANN401 - any annotation
    text = f"{_description(hint).rstrip('.')}."
    yield from textwrap.wrap(text, _WIDTH, initial_indent="# ", subsequent_indent="# ")
    # Defaults are written in TOML as in JSON.
    yield f"#{name} = {msgspec.json.encode(value).decode()}"


def _description(hint: Any) -> str:  # noqa: ANN401 - any annotation
    described = [meta.description for meta in get_args(hint)[1:] if meta.description]
    return str(described[-1])
