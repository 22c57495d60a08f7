"""Sockets around ``broker.core``: TCP and WebSocket, with or without TLS, on uvloop."""
