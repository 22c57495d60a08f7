"""What is done in its own time: messages are indexed, forgotten and moved, mails are sent."""
