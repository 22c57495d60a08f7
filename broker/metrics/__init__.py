"""The broker's figures for Prometheus, on an HTTP listener of their own."""

from broker.metrics.listener import listen

__all__ = ["listen"]
