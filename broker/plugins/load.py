"""Loading plugins by amqtt's own manager, which also checks their configuration."""

from collections.abc import Mapping
from copy import copy
from typing import Any

from amqtt.contexts import BaseContext
from amqtt.errors import PluginError, PluginLoadError
from amqtt.plugins.manager import PluginManager
from dacite import DaciteFieldError, UnexpectedDataError

from broker.engine import BrokerError
from broker.net.turn import Turn
from broker.plugins.context import Context
from broker.plugins.plugins import Plugin, Plugins

_NAMESPACE = "amqtt.broker.plugins"


def load(chosen: Mapping[str, Any], turn: Turn) -> Plugins:
    """Load plugins: the names of their classes, each with its configuration.

    Raises:
        BrokerError: one cannot be loaded; says which, and why.
    """
    context = Context(turn)
    loaded = [_load(path, configuration, context) for path, configuration in chosen.items()]
    # Half of the time to log in, so that who waits for a plugin gets an answer.
    return Plugins(loaded, context.clients, turn.core.limits.connect_seconds / 2)


def _load(path: str, configuration: object, context: Context) -> Plugin:
    # A manager for each: an error of amqtt's does not name the plugin.
    own: BaseContext = copy(context)
    own.config = {"plugins": {path: configuration}}
    try:
        (plugin,) = PluginManager(_NAMESPACE, own).plugins
    except Exception as error:  # noqa: BLE001 - a plugin's code may raise anything
        raise BrokerError(f"the plugin {path}: {_reason(error)}") from None
    return plugin


def _reason(error: Exception) -> str:
    """Say what is wrong, without the configuration's values: there may be passwords among them."""
    cause = error.__cause__ or error
    match cause:
        case UnexpectedDataError():
            return f"its configuration has no {', '.join(sorted(cause.keys))}"
        case DaciteFieldError():
            return f"its configuration's {cause.field_path} is missing or of a wrong type"
        case ImportError() | OSError() | PluginError() | PluginLoadError():
            return str(cause)
    return type(cause).__name__
