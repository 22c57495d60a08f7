"""A client is made to leave, by order of whoever may say so."""

from typing import TYPE_CHECKING, NamedTuple

from broker.core import lives
from mqtt.codes import Reason

if TYPE_CHECKING:
    from broker.core.core import Core


class Expulsion(NamedTuple):
    """End a client's connection, if it was let in by ``credential``.

    Where it ``forgets``, the client's session goes as well; but not one that was let in anew.
    """

    client_id: str
    credential: str
    forgets: bool


def expel(core: "Core", order: Expulsion) -> None:
    """Carry an order out (section 3.14.2.1: administrative action)."""
    session = core.sessions.get(order.client_id)
    if session is None:
        return
    link = session.link
    if link is not None:
        if link.identity.credential != order.credential:
            return
        link.end(Reason.ADMINISTRATIVE_ACTION)
    if order.forgets and core.sessions.get(order.client_id) is session:
        lives.end(core, session)
