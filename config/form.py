"""The documented form of the settings: a TOML file with every key, its meaning and its default."""

import textwrap
from collections.abc import Callable, Iterator
from typing import Any, get_args, get_type_hints

import msgspec

from config.settings import Settings

_Form = Callable[[str, Any, object], Iterator[str]]
_WIDTH = 96
_HEAD = """\
# Every setting of Parley, with its default. Remove the # before a key to change it.
# Printed by: parley settings
"""


def document() -> str:
    """Print the settings as a TOML file in which every default is commented out."""
    return "\n".join([_HEAD, *_section(Settings(), _documented)]) + "\n"


def dump(settings: Settings) -> str:
    """Print settings as a TOML file that loads to them."""
    return "\n".join(_section(settings, _plain)) + "\n"


def _section(values: msgspec.Struct, form: _Form) -> Iterator[str]:
    hints = get_type_hints(type(values), include_extras=True)
    sections: list[tuple[str, msgspec.Struct]] = []
    for name, hint in hints.items():
        value = getattr(values, name)
        if isinstance(value, msgspec.Struct):
            sections.append((name, value))
        else:
            yield from form(name, hint, value)
    for name, section in sections:
        yield f"\n[{name}]"
        yield from _section(section, form)


def _plain(name: str, _hint: Any, value: object) -> Iterator[str]:  # noqa: ANN401 - any annotation
    # Texts and numbers are written in TOML as in JSON, but for U+007F, which must be escaped.
    written = msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")
    yield f"{name} = {written}"


def _documented(name: str, hint: Any, value: object) -> Iterator[str]:  # noqa: ANN401 - likewise
    text = f"{_description(hint).rstrip('.')}."
    yield from textwrap.wrap(text, _WIDTH, initial_indent="# ", subsequent_indent="# ")
    yield from (f"#{line}" for line in _plain(name, hint, value))


def _description(hint: Any) -> str:  # noqa: ANN401 - any annotation
    described = [meta.description for meta in get_args(hint)[1:] if meta.description]
    return str(described[-1])
