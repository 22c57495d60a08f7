"""The contract as an AsyncAPI 3.0 document, made from the code so that they cannot drift.

``python -m parley_protocol.asyncapi`` prints ``asyncapi.yaml`` (it needs PyYAML).
"""

from typing import Any

import msgspec

from parley_protocol import payloads, topics

_ID = {"description": "A UUID as 32 lower-case hex digits"}
_UP = (payloads.Message, payloads.Receipt, payloads.Typing)
_INBOX = (
    payloads.Entry,
    payloads.Rejected,
    payloads.ReceiptMoved,
    payloads.ConversationChanged,
    payloads.MessageHidden,
    payloads.AccountChanged,
)
_LIVE = (payloads.TypingShown,)
_DESCRIPTION = """\
Clients publish what they send to a topic of their own. The bridge stores it, gives it its number
(`seq`) in the conversation and delivers it to every member's inbox. Numbers are the truth; the
broker's session queue is only the fast way to them: at every connect a client calls
`POST /v1/sync` with the numbers that it holds.

CONNECT: client id `{uid}-{device}`, username `{uid}`, password an access token of the REST API,
clean session off.

A sender may rely on: its own message comes back with a `seq` when it is in the database. Until
then, or until `rejected`, it is sent again under the same id, after a reconnect and with growing
pauses. At most one message per conversation and device is unanswered at a time.

A receiver may rely on: `seq` counts 1, 2, 3 … in a conversation, without holes. Show the next,
drop what is not newer, fetch what is missing.
"""


def document() -> dict[str, Any]:
    """Describe the topics, who publishes and receives there, and the payloads."""
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Parley", "version": "1", "description": _DESCRIPTION},
        "defaultContentType": "application/json",
        "servers": {
            "mqtt": _server("mqtt", "{host}:1883"),
            "websocket": _server("ws", "{host}:8083"),
        },
        "channels": _channels(),
        "operations": _operations(),
        "components": {
            "messages": {model.__name__: _message(model) for model in (*_UP, *_INBOX, *_LIVE)},
            "schemas": _schemas(),
            "securitySchemes": {
                "token": {
                    "type": "userPassword",
                    "description": "The uid, and an access token of the REST API",
                }
            },
        },
    }


def _server(protocol: str, host: str) -> dict[str, Any]:
    return {
        "host": host,
        "protocol": protocol,
        "protocolVersion": "3.1.1",
        "variables": {"host": {"default": "localhost"}},
        "security": [{"$ref": "#/components/securitySchemes/token"}],
    }


def _channels() -> dict[str, Any]:
    send = topics.send_prefix("{uid}", "{device}") + "{scope}/{target}/"
    sender = {"uid": _ID, "device": _ID, "scope": {"enum": ["dm", "group"]}, "target": _TARGET}
    inbox = _channel(topics.inbox("{uid}"), _INBOX, {"uid": _ID})
    return {
        "sendMessage": _channel(f"{send}message", [payloads.Message], sender),
        "sendReceipt": _channel(f"{send}receipt", [payloads.Receipt], sender),
        "sendTyping": _channel(f"{send}typing", [payloads.Typing], sender),
        "inbox": inbox,
        "live": _channel(topics.live("{uid}"), _LIVE, {"uid": _ID}),
    }


_TARGET = {"description": "The other person's uid in a dm, the group's id in a group"}


def _channel(address: str, models: Any, parameters: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - any structs
    names = [model.__name__ for model in models]
    return {
        "address": address,
        "parameters": parameters,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
    }


def _operations() -> dict[str, Any]:
    """Name what a client does."""
    send = {
        name: _operation("send", name, qos)
        for name, qos in (("sendMessage", 1), ("sendReceipt", 1), ("sendTyping", 0))
    }
    return send | {
        "receiveInbox": _operation("receive", "inbox", 1),
        "receiveLive": _operation("receive", "live", 0),
    }


def _operation(action: str, channel: str, qos: int) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "bindings": {"mqtt": {"qos": qos, "retain": False}},
    }


def _message(model: type) -> dict[str, Any]:
    summary = (model.__doc__ or "").partition("\n")[0]
    return {
        "name": model.__name__,
        "summary": summary,
        "contentType": "application/json",
        "payload": {"$ref": f"#/components/schemas/{model.__name__}"},
    }


def _schemas() -> dict[str, Any]:
    _, components = msgspec.json.schema_components(
        [*_UP, *_INBOX, *_LIVE], ref_template="#/components/schemas/{name}"
    )
    return components


if __name__ == "__main__":
    import yaml

    print(yaml.safe_dump(document(), sort_keys=False, allow_unicode=True, width=100), end="")  # noqa: T201 - its purpose
