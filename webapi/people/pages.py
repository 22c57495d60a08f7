"""Pages of people, by name."""

from typing import Annotated

from flask import Response
from msgspec import Meta, Struct
from sqlalchemy import Select, select

from parley_protocol import rest
from storage.accounts import Account
from webapi.database import reading
from webapi.openapi import encode


class PageQuery(Struct, frozen=True, kw_only=True):
    cursor: Annotated[str, Meta(max_length=32)] = ""
    limit: Annotated[int, Meta(ge=1, le=100)] = 50


def everybody() -> Select[Account]:
    """Select all whose accounts are not erased."""
    return select(Account).where(Account.erased_at.is_(None))


def answer(chosen: Select[Account], query: PageQuery) -> Response:
    """Give a page of the people who are chosen."""
    page = chosen.where(Account.name > query.cursor).order_by(Account.name)
    found = reading().scalars(page.limit(query.limit + 1)).all()
    items = [describe(account) for account in found[: query.limit]]
    more = len(found) > query.limit
    return encode(rest.People(items=items, next=items[-1].name if more else None))


def describe(account: Account) -> rest.Person:
    """Show somebody to everybody."""
    return rest.Person(uid=account.uid, name=account.name, display_name=account.display_name)
