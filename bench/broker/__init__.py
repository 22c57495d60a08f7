"""Brokers side by side: one generator, one machine, alternating runs."""
