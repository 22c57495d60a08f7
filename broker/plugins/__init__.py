"""amqtt plugins in Parley's own broker: authentication, topic filters and events.

A connection is let in when Parley's rules let it in and, where authentication plugins are
configured, at least one of them says yes and none says no. The rules are asked first: who has no
good token is never shown to a plugin. A topic is allowed when the rules allow it and every topic
plugin says yes; no opinion is a no. So amqtt combines its plugins, too. The platform's own
services (``is_service``) are subject to the rules alone: no directory knows the bridge.

amqtt asks about ``Action.RECEIVE`` at each delivery. Here it is asked about the filter, at
subscription and again when a client comes back to a session with subscriptions.

While a plugin awaits something, only the client in question waits. One that blocks the event loop,
as amqtt's LDAP plugins do while their server answers, holds up everybody, as it does in amqtt. What
a plugin imports (aiohttp, python-ldap and so on) has to be installed beside Parley.
"""

from broker.plugins.gate import GatedTcp, GatedWebSocket
from broker.plugins.load import load
from broker.plugins.plugins import Plugins
from broker.plugins.rules import JudgedRules

__all__ = ["GatedTcp", "GatedWebSocket", "JudgedRules", "Plugins", "load"]
