"""The engine on stock amqtt (MQTT 3.1.1), with Parley's rules around it."""

from broker.amqtt_engine.engine import AmqttEngine

__all__ = ["AmqttEngine"]
