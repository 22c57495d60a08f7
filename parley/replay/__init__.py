"""Play a real IRC log through a running platform, and compare what came out with what went in."""
