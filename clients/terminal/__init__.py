"""A small chat for the terminal, line by line, on the Python SDK."""
