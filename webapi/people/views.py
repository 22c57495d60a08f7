"""Look people up by the beginning of their name, or by id."""

from typing import Annotated

from flask import Blueprint, Response
from msgspec import Meta, Struct
from sqlalchemy import select

from parley_protocol import rest
from storage.accounts import Account
from storage.errors import NotFoundError
from webapi.database import reading
from webapi.openapi import encode, endpoint

blueprint = Blueprint("people", __name__)


class PeopleQuery(Struct, frozen=True, kw_only=True):
    prefix: Annotated[str, Meta(max_length=32)] = ""
    cursor: Annotated[str, Meta(max_length=32)] = ""
    limit: Annotated[int, Meta(ge=1, le=100)] = 50


@endpoint(blueprint, "GET", "/v1/people", returns={200: rest.People})
def list_people(query: PeopleQuery) -> Response:
    """List people whose account name begins with a prefix, by name."""
    begins = Account.name.startswith(query.prefix.lower(), autoescape=True)
    page = select(Account).where(begins, Account.name > query.cursor, Account.erased_at.is_(None))
    found = reading().scalars(page.order_by(Account.name).limit(query.limit + 1)).all()
    items = [_describe(account) for account in found[: query.limit]]
    more = len(found) > query.limit
    return encode(rest.People(items=items, next=items[-1].name if more else None))


@endpoint(blueprint, "GET", "/v1/people/<id:uid>", returns={200: rest.Person}, problems=[404])
def show_person(uid: str) -> Response:
    """Show somebody."""
    account = reading().get(Account, uid)
    if account is None:
        raise NotFoundError("there is no such person")
    return encode(_describe(account))


def _describe(account: Account) -> rest.Person:
    return rest.Person(uid=account.uid, name=account.name, display_name=account.display_name)
