"""The embedded MQTT broker: it carries messages and knows who may do what, but no database."""
