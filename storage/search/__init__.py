"""Search, without a store: words in any script, queries and snippets. Pure."""
