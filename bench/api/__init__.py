"""The API under load, beside Synapse with the same messages."""
