"""The indexer: brings what the bridge has stored into the search index, in its own time."""
