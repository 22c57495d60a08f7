"""The API's database session, and the ledger on the same engine."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from flask import Flask, current_app, g
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import Session

from storage.archive import Archive
from storage.ledger import Ledger
from storage.sql import JoinedStore, SqlStore, write_options
from storage.sql.engine import options, prepare

db = SQLAlchemy()
_LEDGER = "parley_ledger"
_ARCHIVE = "parley_archive"
_JOINED = "parley_joined_ledger"


def register(app: Flask, url: str, archive: Archive) -> None:
    """Connect an app to the ledger's database, and to the archive of what is old."""
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options(url)
    db.init_app(app)
    with app.app_context():
        prepare(db.engine)
        app.extensions[_LEDGER] = Ledger(SqlStore(db.engine), archive)
        app.extensions[_ARCHIVE] = archive


def ledger() -> Ledger:
    """Give the ledger of the current app; within ``one_transaction`` it is a part of that."""
    return cast("Ledger", g.get(_JOINED) or current_app.extensions[_LEDGER])


def reading() -> Session:
    """Give the request's session, for questions."""
    return db.session()


@contextmanager
def writing() -> Iterator[Session]:
    """Begin a transaction that is durable at the block's end, or undone by an exception.

    Within ``one_transaction`` it is durable with that.
    """
    session = db.session()
    if _JOINED in g:
        with session.begin_nested():
            yield session
        return
    # A transaction that began as a reader could not wait for its turn to write.
    session.rollback()
    session.connection(execution_options=write_options)
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise


@contextmanager
def one_transaction() -> Iterator[Session]:
    """Make all that the block does in the database, and through the ledger, durable at its end."""
    with writing() as session:
        store = JoinedStore(session.connection())
        setattr(g, _JOINED, Ledger(store, current_app.extensions[_ARCHIVE]))
        try:
            yield session
        finally:
            g.pop(_JOINED)


def seconds() -> int:
    """Give the time in seconds since 1970."""
    return int(time.time())


def milliseconds() -> int:
    """Give the time in milliseconds since 1970."""
    return time.time_ns() // 1_000_000
