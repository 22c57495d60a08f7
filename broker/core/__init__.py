"""The heart of the broker, without a socket: bytes go in at ``Link.feed`` and out by ``Link.out``.

``Core`` holds what all connections share: sessions, the index of subscriptions, retained messages.
Its hot path is written for speed: it reads and writes bytes in place, and leaves every packet that
is not plain to ``mqtt``.
"""
