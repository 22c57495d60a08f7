"""Parley's wire contract: topics, payloads, ids, tokens, access rules and limits. Pure, no I/O."""
