"""Parley's rules as amqtt plugins: the gate has checked the token, these compare topics."""

from dataclasses import dataclass

from amqtt.contexts import Action
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin
from amqtt.session import Session

from broker.amqtt_engine.gate import Registry
from parley_protocol import access


class TokenAuth(BaseAuthPlugin):
    """Let in whom the gate has let in."""

    @dataclass
    class Config:
        """Where the gate notes whom it lets in."""

        registry: Registry

    async def authenticate(self, *, session: Session) -> bool:
        """Find the client id among the accepted ones."""
        return self.config.registry.find(session.client_id) is not None


class TopicAccess(BaseTopicPlugin):
    """The static access list."""

    @dataclass
    class Config:
        """Where the gate notes whom it lets in."""

        registry: Registry

    async def topic_filtering(
        self,
        *,
        session: Session | None = None,
        topic: str | None = None,
        action: Action | None = None,
    ) -> bool:
        """Compare a topic with the identity; who could subscribe may receive."""
        claims = self.config.registry.find(session.client_id if session else None)
        if claims is None or not topic:
            return False
        if action == Action.PUBLISH:
            return access.may_publish(claims, topic)
        return action == Action.RECEIVE or access.may_subscribe(claims, topic)
