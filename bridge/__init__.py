"""The bridge: receive, check, commit, deliver, acknowledge."""
