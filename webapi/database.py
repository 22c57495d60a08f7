"""The API's database session, and the ledger on the same engine."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from flask import Flask, current_app
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import Session

from storage.archive import Archive
from storage.ledger import Ledger
from storage.sql import SqlStore, write_options
from storage.sql.engine import options, prepare

db = SQLAlchemy()
_LEDGER = "parley_ledger"


def register(app: Flask, url: str, archive: Archive) -> None:
    """Connect an app to the ledger's database, and to the archive of what is old."""
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options(url)
    db.init_app(app)
    with app.app_context():
        prepare(db.engine)
        app.extensions[_LEDGER] = Ledger(SqlStore(db.engine), archive)


def ledger() -> Ledger:
    """Give the ledger of the current app."""
    return cast("Ledger", current_app.extensions[_LEDGER])


def reading() -> Session:
    """Give the request's session, for questions."""
    return db.session()


@contextmanager
def writing() -> Iterator[Session]:
    """Begin a transaction that is durable at the block's end, or undone by an exception."""
    session = db.session()
    # A transaction that began as a reader could not wait for its turn to write.
    session.rollback()
    session.connection(execution_options=write_options)
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise


def seconds() -> int:
    """Give the time in seconds since 1970."""
    return int(time.time())


def milliseconds() -> int:
    """Give the time in milliseconds since 1970."""
    return time.time_ns() // 1_000_000
