"""The whole path: sent, stored, delivered, as people on real MQTT see it."""
