"""Pages of HTML: no script, everything escaped. Pure but for the templates, which are read once."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined

from parley.portability.export.view import Message
from parley_protocol import rest

PER_PAGE = 10_000
"""Messages in one file: more, and browsers need long to open it."""

_templates = Environment(
    loader=PackageLoader("parley.portability.export"),
    autoescape=True,
    trim_blocks=True,
    undefined=StrictUndefined,
)


@dataclass(frozen=True, slots=True)
class Titled:
    """A conversation in a list."""

    cid: str
    title: str
    head: int


def file_name(page: int) -> str:
    """Give the name of a page, counted from 0."""
    return f"messages-{page + 1}.html" if page else "messages.html"


def page_count(shown: int) -> int:
    """Give the number of pages for so many messages."""
    return max(-(-shown // PER_PAGE), 1)


def messages_page(title: str, shown: int, page: int, messages: Iterable[Message]) -> Iterator[str]:
    """Give a page piece by piece."""
    return _templates.get_template("messages.html").generate(
        title=title,
        shown=shown,
        page=page,
        pages=page_count(shown),
        per_page=PER_PAGE,
        messages=messages,
        file=file_name,
    )


def person_page(account: rest.Account, conversations: Iterable[Titled]) -> Iterator[str]:
    """Give the page that leads to a person's conversations."""
    template = _templates.get_template("person.html")
    return template.generate(account=account, conversations=conversations)
