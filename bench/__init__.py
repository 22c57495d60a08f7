"""Measurements. Each prints its figures as JSON Lines; README says how to repeat them."""
