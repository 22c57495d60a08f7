"""What is done with stored messages in their own time: indexed, forgotten, moved."""
