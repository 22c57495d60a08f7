"""Look people up by the beginning of their name, or by id; have contacts, and block people."""

from typing import Annotated

from flask import Blueprint, Response
from msgspec import Meta

from parley_protocol import rest
from storage.accounts import Account
from storage.errors import NotFoundError
from storage.personal import Block, Contact
from webapi.auth import me
from webapi.database import ledger, reading
from webapi.openapi import encode, endpoint
from webapi.people import contacts
from webapi.people.pages import PageQuery, answer, describe, everybody

blueprint = Blueprint("people", __name__)


class PeopleQuery(PageQuery, frozen=True, kw_only=True):
    prefix: Annotated[str, Meta(max_length=32)] = ""


@endpoint(blueprint, "GET", "/v1/people", returns={200: rest.People})
def list_people(query: PeopleQuery) -> Response:
    """List people whose account name begins with a prefix, by name."""
    begins = Account.name.startswith(query.prefix.lower(), autoescape=True)
    return answer(everybody().where(begins), query)


@endpoint(blueprint, "GET", "/v1/people/<id:uid>", returns={200: rest.Person}, problems=[404])
def show_person(uid: str) -> Response:
    """Show somebody."""
    account = reading().get(Account, uid)
    if account is None:
        raise NotFoundError("there is no such person")
    return encode(describe(account))


@endpoint(blueprint, "GET", "/v1/contacts", returns={200: rest.People})
def list_contacts(query: PageQuery) -> Response:
    """List one's contacts, by name."""
    join = everybody().join(Contact, Contact.other == Account.uid)
    return answer(join.where(Contact.uid == me()), query)


@endpoint(blueprint, "PUT", "/v1/contacts/<id:uid>", returns={204: None}, problems=[404])
def add_contact(uid: str) -> Response:
    """Have somebody among one's contacts."""
    contacts.add(me(), uid)
    return Response(status=204)


@endpoint(blueprint, "DELETE", "/v1/contacts/<id:uid>", returns={204: None})
def remove_contact(uid: str) -> Response:
    """Have somebody among one's contacts no more."""
    contacts.remove(me(), uid)
    return Response(status=204)


@endpoint(blueprint, "GET", "/v1/blocks", returns={200: rest.People})
def list_blocks(query: PageQuery) -> Response:
    """List those whom one has blocked, by name."""
    join = everybody().join(Block, Block.other == Account.uid)
    return answer(join.where(Block.uid == me()), query)


@endpoint(blueprint, "PUT", "/v1/blocks/<id:uid>", returns={204: None}, problems=[403, 404])
def block(uid: str) -> Response:
    """Block somebody: nothing that is said one to one goes either way, and nobody adds the other.

    What was said before stays, and so do groups in which both are.
    """
    ledger().block(me(), uid)
    return Response(status=204)


@endpoint(blueprint, "DELETE", "/v1/blocks/<id:uid>", returns={204: None})
def unblock(uid: str) -> Response:
    """Take a block back."""
    ledger().unblock(me(), uid)
    return Response(status=204)
