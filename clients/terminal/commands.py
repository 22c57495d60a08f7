"""What a typed line asks for. Pure."""

from dataclasses import dataclass

HELP = """\
/list                 conversations; /open NUMBER goes into one
/dm NAME              talk with somebody
/group TITLE NAME ... make a group ("quotes" for a title of several words)
/who                  who is in this conversation
/add NAME ...         take people into this group
/leave                leave this group
/history [COUNT]      the last messages of this conversation
/search WORDS         find messages everywhere: words, "phrases", beginnings*
/quit                 go; what could not be sent yet is sent the next time
Anything else is said in the conversation; to begin with a slash, type two."""


@dataclass(frozen=True, slots=True)
class Say:
    """Words for the conversation."""

    text: str


@dataclass(frozen=True, slots=True)
class Command:
    """Something to do, with its arguments as one text."""

    name: str
    rest: str


def parse(line: str) -> Say | Command | None:
    """Read a line; ``None`` where nothing was typed. ``/me`` is said, as everywhere."""
    line = line.rstrip("\r\n")
    if not line.strip():
        return None
    if line.startswith("//"):
        return Say(line[1:])
    if line.startswith("/") and not line.startswith("/me "):
        name, _, rest = line[1:].partition(" ")
        return Command(name.lower(), rest.strip())
    return Say(line)
