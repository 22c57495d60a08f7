"""The stores: what they take and give in a second, and how long an answer takes."""
