"""Parley's own broker: ``broker.core`` behind sockets, with Parley's rules."""

from broker.native.engine import NativeEngine

__all__ = ["NativeEngine"]
