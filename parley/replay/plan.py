"""Plan a replay: who takes part, in which group, and what happens there in which order. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from parley.replay.irc import Event, Named, Said, nicks
from parley_protocol import limits


@dataclass(frozen=True, slots=True)
class Line:
    """A message of the plan. ``reply_to`` is the line in the same group that it answers."""

    line: int
    nick: str
    text: str
    reply_to: int | None


Step = Line | Named


@dataclass
class Group:
    """Up to 100 people, and the part of the log that is theirs."""

    members: list[str]
    steps: list[Step] = field(default_factory=list)

    @property
    def lines(self) -> list[Line]:
        """The group's messages."""
        return [step for step in self.steps if isinstance(step, Line)]


@dataclass(frozen=True)
class Plan:
    """``aside`` are changes of people who never say a word, and so are in no group."""

    people: list[str]
    groups: list[Group]
    aside: list[Named]


def make_plan(
    events: Sequence[Event], replies: Mapping[int, int], size: int = limits.GROUP_MAX
) -> Plan:
    """Let speakers, in order of their first word, fill groups of up to ``size``."""
    speakers = list(dict.fromkeys(event.nick for event in events if isinstance(event, Said)))
    groups = [Group(speakers[at : at + size]) for at in range(0, len(speakers), size)]
    home = {nick: group for group in groups for nick in group.members}
    said_in = {event.line: home[event.nick] for event in events if isinstance(event, Said)}
    plan = Plan(nicks(events), groups, [])
    for event in events:
        group = home.get(event.nick)
        if isinstance(event, Said) and group is not None:
            group.steps.append(_line(event, group, replies.get(event.line), said_in))
        elif isinstance(event, Named):
            (group.steps if group else plan.aside).append(event)
    return plan


def _line(said: Said, group: Group, answered: int | None, said_in: Mapping[int, Group]) -> Line:
    in_group = answered is not None and said_in.get(answered) is group
    return Line(said.line, said.nick, said.text, answered if in_group else None)
