"""Bodies of the REST API, shared by the server and its clients.

Ids and messages are those of the MQTT payloads; times of resources are RFC 3339 in UTC.
A page is always ``items`` and ``next``: the cursor of the following page, or ``null``.
"""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from parley_protocol import limits
from parley_protocol.payloads import Entry, Id, Rights, Role, Seq

AccountName = Annotated[
    str,
    Meta(
        # In Python "$" also stands before a last line feed.
        pattern=r"^[a-z0-9][a-z0-9._-]{2,31}$(?!\n)",
        description="3 to 32 of a-z, 0-9, dot, dash and underscore; a letter or digit first",
    ),
]
Email = Annotated[
    str,
    Meta(
        # What HTML takes for one, with a dot behind the @.
        pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@"
        r"[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+$(?!\n)",
        max_length=254,
        description="An e-mail address; upper and lower case are the same",
    ),
]
Password = Annotated[str, Meta(min_length=8, max_length=256)]
_CONTROL = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
ShownName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=limits.NAME_MAX,
        pattern=rf"^[^{_CONTROL}]*[^\s{_CONTROL}][^{_CONTROL}]*$(?!\n)",
        description="Shows something, and holds no control character and no line break",
    ),
]
GivenRole = Literal["owner", "admin", "member"]
RetentionDays = Annotated[int, Meta(ge=1, le=36_500)]
DraftText = Annotated[str, Meta(max_length=limits.DRAFT_MAX)]
DeviceName = Annotated[str, Meta(max_length=limits.NAME_MAX)]
RefreshToken = Annotated[str, Meta(min_length=1, max_length=256)]
Code = Annotated[str, Meta(min_length=1, max_length=64)]
SignUpMode = Literal["open", "invitation", "closed"]
ReportReason = Literal["spam", "abuse", "impersonation", "other"]
Time = Annotated[datetime, Meta(tz=True, description="RFC 3339, in UTC")]
ConversationType = Literal["dm", "group"]


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What went wrong (RFC 9457). ``code`` is stable and meant for programs.

    A login that is told ``second_factor`` goes on with the ``challenge``.
    """

    type: str
    title: str
    status: int
    code: str
    detail: str
    where: str | None = None
    challenge: str | None = None


class Device(Struct, frozen=True, kw_only=True):
    """The device that asks for a session.

    Give ``device`` again at a later login, and the device keeps its queue on the broker.
    """

    device: Id | None = None
    device_name: DeviceName = ""


class SignUp(Device, frozen=True, kw_only=True):
    """A new account, and a first session for the device that asks.

    ``invitation`` is the code of an invitation, for servers that let in only who has one.
    """

    name: AccountName
    password: Password
    display_name: ShownName | None = None
    invitation: Code | None = None


class Login(Device, frozen=True, kw_only=True):
    """A session for the device that asks. ``name`` is the account's, or its e-mail address."""

    name: Annotated[str, Meta(min_length=1, max_length=254)]
    password: Password


class Refresh(Struct, frozen=True, kw_only=True):
    """The refresh token of the last answer; each is good for one turn."""

    refresh_token: RefreshToken


class Session(Struct, frozen=True, kw_only=True):
    """A device's session. ``expires_in`` is in seconds.

    The access token is the bearer token here and the password at the broker.
    """

    uid: Id
    device: Id
    access_token: str
    expires_in: int
    refresh_token: str


class DeviceSession(Struct, frozen=True, kw_only=True):
    """One of one's devices. ``seen_at`` is when it last got tokens.

    ``address`` is the network from where, as in ``203.0.113.0/24``; empty where it is not known.
    """

    device: Id
    device_name: str
    created_at: Time
    seen_at: Time
    address: str
    is_current: bool


class DeviceSessions(Struct, frozen=True, kw_only=True):
    """A page of one's devices, the one that logged in last first."""

    items: list[DeviceSession]
    next: str | None = None


class Account(Struct, frozen=True, kw_only=True):
    """One's own account."""

    uid: Id
    name: str
    display_name: str
    email: str | None
    second_factor: bool
    created_at: Time


class ChangeEmail(Struct, frozen=True, kw_only=True):
    """A new e-mail address, or ``null`` for none."""

    email: Email | None
    password: Password


class Confirm(Struct, frozen=True, kw_only=True):
    """A code that was mailed."""

    code: Code


class ChangePassword(Struct, frozen=True, kw_only=True):
    """The password of now, and the one to come."""

    password: Password
    new_password: Password


class AskForReset(Struct, frozen=True, kw_only=True):
    """The address of the account whose password is forgotten."""

    email: Email


class ResetPassword(Struct, frozen=True, kw_only=True):
    """A code that was mailed, and the password to come."""

    code: Code
    new_password: Password


class Prove(Struct, frozen=True, kw_only=True):
    """The password, for what a stolen token shall not be enough for."""

    password: Password


class SecondFactor(Struct, frozen=True, kw_only=True):
    """What an authenticator application needs to know: ``uri`` as a QR code, or ``secret``."""

    secret: str
    uri: str


class RecoveryCodes(Struct, frozen=True, kw_only=True):
    """Codes that stand in for the authenticator application, each once."""

    codes: list[str]


class RemoveSecondFactor(Struct, frozen=True, kw_only=True):
    """The password, and a code of the second factor or a recovery code."""

    password: Password
    code: Code


class AnswerChallenge(Struct, frozen=True, kw_only=True):
    """The challenge of a login, and a code of the second factor or a recovery code."""

    challenge: Code
    code: Code


class BeginOpenId(Device, frozen=True, kw_only=True):
    """Where the provider shall send one back, which the server must know."""

    redirect: Annotated[str, Meta(min_length=1, max_length=1_000)]


class OpenIdLogin(Struct, frozen=True, kw_only=True):
    """Where to go to log in, and a secret to come back with, which the provider does not get."""

    url: str
    login: str


class OpenIdAnswer(Struct, frozen=True, kw_only=True):
    """The secret of a login, and what the provider has put behind the URL that it sent one to."""

    login: Code
    state: Annotated[str, Meta(min_length=1, max_length=256)]
    code: Annotated[str, Meta(min_length=1, max_length=4_096)]


class LinkOpenId(OpenIdAnswer, frozen=True, kw_only=True):
    """The same, and the password of the account that it shall open, too."""

    password: Password


class EraseAccount(Struct, frozen=True, kw_only=True):
    """The password of the one who is to be forgotten."""

    password: Password


class ChangeAccount(Struct, frozen=True, kw_only=True):
    """What a person can change of the own account."""

    display_name: ShownName


class Person(Struct, frozen=True, kw_only=True):
    """What everybody may know of somebody."""

    uid: Id
    name: str
    display_name: str


class People(Struct, frozen=True, kw_only=True):
    """A page of people, by name."""

    items: list[Person]
    next: str | None = None


class Report(Struct, frozen=True, kw_only=True):
    """What the moderators are to look at: somebody, or one message of theirs."""

    about: Id
    reason: ReportReason
    detail: Annotated[str, Meta(max_length=limits.REPORT_MAX)] = ""
    cid: Id | None = None
    seq: Seq | None = None


class Reported(Struct, frozen=True, kw_only=True):
    """The report's id."""

    id: Id


class OpenDm(Struct, frozen=True, kw_only=True):
    """With whom to talk one to one."""

    peer: Id


class CreateGroup(Struct, frozen=True, kw_only=True):
    """A new group; the one who asks becomes its owner."""

    name: ShownName
    members: Annotated[list[Id], Meta(max_length=limits.GROUP_MAX - 1)] = []


class RenameGroup(Struct, frozen=True, kw_only=True):
    """A group's new name."""

    name: ShownName


class AddMembers(Struct, frozen=True, kw_only=True):
    """Who joins a group."""

    uids: Annotated[list[Id], Meta(min_length=1, max_length=limits.GROUP_MAX)]


class SetRole(Struct, frozen=True, kw_only=True):
    """A member's new role; whoever makes another the owner becomes an admin."""

    role: GivenRole


class SetRetention(Struct, frozen=True, kw_only=True):
    """For how many days a conversation's messages are kept; ``null``: for ever."""

    days: RetentionDays | None


class ChangePreferences(Struct, frozen=True, kw_only=True):
    """How one keeps a conversation; what is left out stays as it is.

    ``muted_until`` takes a time far away to mute for ever, and ``null`` to hear it again.
    """

    pinned: bool | UnsetType = UNSET
    archived: bool | UnsetType = UNSET
    muted_until: Time | UnsetType | None = UNSET
    marked_unread: bool | UnsetType = UNSET
    draft: DraftText | UnsetType = UNSET


class Preferences(Struct, frozen=True, kw_only=True):
    """How one keeps a conversation; the same on all of one's devices, and nobody else's business.

    ``marked_unread`` ends when more of it is read. ``draft`` is what one has begun to write.
    """

    pinned: bool = False
    archived: bool = False
    muted_until: Time | None = None
    marked_unread: bool = False
    draft: DraftText = ""


class MakeLink(Struct, frozen=True, kw_only=True):
    """A way into a group: for so many seconds and for so many people, or without a bound."""

    expires_in: Annotated[int, Meta(ge=60, le=366 * 24 * 3600)] | None = None
    uses: Annotated[int, Meta(ge=1, le=limits.GROUP_MAX)] | None = None


class Link(Struct, frozen=True, kw_only=True):
    """A way into a group, for whoever knows its code."""

    code: Id
    maker: Id
    created_at: Time
    expires_at: Time | None
    uses_left: int | None


class Links(Struct, frozen=True, kw_only=True):
    """All ways into a group, the newest first."""

    items: list[Link]
    next: None = None


class Invitation(Struct, frozen=True, kw_only=True):
    """What somebody sees who has a link: where it leads."""

    name: str
    members: int
    is_member: bool


class Member(Struct, frozen=True, kw_only=True):
    """A member of a conversation, and how far that member has received and read it."""

    uid: Id
    name: str
    display_name: str
    role: Role
    delivered: Seq
    read: Seq


class Conversation(Struct, frozen=True, kw_only=True):
    """A conversation as its member sees it. ``head`` is the number of its last message.

    In a pair that is ``blocked``, one has blocked the other, and nothing can be said.
    """

    cid: Id
    type: ConversationType
    name: str
    head: Seq
    read: Seq
    unread: int
    created_at: Time
    retention_days: RetentionDays | None
    blocked: bool
    rights: Rights
    preferences: Preferences
    members: list[Member]


class Conversations(Struct, frozen=True, kw_only=True):
    """A page of conversations, the newest first."""

    items: list[Conversation]
    next: str | None = None


class Messages(Struct, frozen=True, kw_only=True):
    """A page of history, by rising seq. Long texts are cut, as in the inbox."""

    items: list[Entry]
    next: Seq | None = None


Place = Annotated[int, Meta(ge=0, description="Counts characters (Unicode code points)")]


class Snippet(Struct, frozen=True, kw_only=True):
    """The piece of a message's text in which something was found.

    It begins at ``start`` of the whole text. ``highlights`` are what was found: where in this
    piece each begins, and where it ends.
    """

    text: str
    start: Place
    highlights: list[tuple[Place, Place]]


class Hit(Struct, frozen=True, kw_only=True):
    """A message that was found, as it reads now: ``edited`` says that its text is a later one.

    Long texts are cut, as in the inbox.
    """

    message: Entry
    edited: bool
    snippet: Snippet


class Hits(Struct, frozen=True, kw_only=True):
    """A page of hits, the newest first.

    ``left_out`` counts entries that are so new that search has not reached them; it is 0 but
    after a great many came at once.
    """

    items: list[Hit]
    next: str | None = None
    left_out: int = 0


class SyncQuestion(Struct, frozen=True, kw_only=True):
    """The last seq that the device holds of each conversation."""

    cursors: Annotated[dict[Id, Seq], Meta(max_length=limits.CURSORS_MAX)] = {}


class Synced(Struct, frozen=True, kw_only=True):
    """A conversation that is new to the device or has moved on.

    ``messages`` end at ``head``. ``first_missing`` is set where they do not reach back to the
    device's cursor: from there to the first of them, pages are there on demand.
    """

    cid: Id
    type: ConversationType
    name: str
    head: Seq
    read: Seq
    messages: list[Entry]
    first_missing: Seq | None = None


class SyncAnswer(Struct, frozen=True, kw_only=True):
    """What the device is missing. ``left``: conversations that it names and is not in any more.

    Where ``more`` is set, the answer was full: ask again with the cursors that it led to.
    """

    conversations: list[Synced]
    left: list[Id]
    more: bool = False


class Server(Struct, frozen=True, kw_only=True):
    """Where the broker listens, as clients reach it: an ``mqtt://`` and a ``ws://`` URL.

    ``sign_up`` says who can make an account, ``openid`` whether one can log in by a provider.
    """

    name: str
    version: str
    mqtt: str
    websocket: str
    sign_up: SignUpMode
    openid: bool


class Health(Struct, frozen=True, kw_only=True):
    """Whether the service can do its work."""

    status: Literal["ok"]
