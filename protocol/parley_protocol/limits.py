"""The numbers that everyone on the wire keeps to."""

TEXT_MAX = 100_000
"""Characters (Unicode code points) in one message."""

PARTIAL_OVER = 16 * 1024
"""Bytes of UTF-8: a longer text is delivered in part, the whole is one GET away."""

PARTIAL_CHARACTERS = 1_000
"""Characters of a longer text that are delivered."""

PAYLOAD_MAX = 1024 * 1024
"""Bytes of one MQTT payload. 100,000 characters, each escaped, need 600,000."""

GROUP_MAX = 100
"""Members of one group."""

NAME_MAX = 64
"""Characters of a display name or a group's name."""

DRAFT_MAX = 4_000
"""Characters of a draft that is kept for one's other devices."""

EMOJI_MAX = 32
"""Characters of a reaction: the longest joined emoji has 10."""

MENTIONS_MAX = GROUP_MAX
"""People whom one message can mention."""

LINKS_MAX = 100
"""Links into one group."""

REPORT_MAX = 1_000
"""Characters that say what is wrong with somebody's message."""

PAGE_MAX = 200
"""Messages in one page of history."""

SYNC_PAGE = 50
"""Messages per conversation in one answer to a sync."""

SYNC_MAX = 1_000
"""Messages in one answer to a sync, over all conversations."""

CURSORS_MAX = 5_000
"""Conversations in one question to sync."""
