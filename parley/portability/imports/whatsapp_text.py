"""What WhatsApp puts into texts: files, edits, deletions, signs that are not shown. Pure.

The app's own words begin with U+200E on iOS; on Android they are known by their wording.
"""

import re
from dataclasses import dataclass

_MARK = "\u200e"
_IOS_FILE = re.compile(r"\u200e<[^<>:\n]{2,30}: ?(?P<name>[^<>\n]+)>")
_ANDROID_FILE = re.compile(
    r"\u200e?(?P<name>[^\n]+\.\w{2,5}) \((?:file attached|Datei angehängt|archivo adjunto|"
    r"fichier joint|arquivo anexado|file allegato|bestand bijgevoegd|файл добавлен)\)"
)
_OMITTED = re.compile(
    r"<(?:Media omitted|Medien ausgeschlossen|Multimedia omitido|Médias omis|Mídia oculta|"
    r"Media omessi|Media weggelaten|Без медиафайлов)>"
    r"|\u200e(?:image|video|video note|audio|sticker|GIF|document|Contact card) omitted"
)
_DOCUMENT = re.compile(r"(?P<name>[^\n]+\.\w{2,5}) • .*\u200edocument omitted")
_EDITED = re.compile(r" ?\u200e?<This message was edited>$")
_DELETED = re.compile(r"\u200e?(?:This message was deleted|You deleted this message)\.?")
_LINE_MARKS = re.compile(r"^[\u200e\ufeff]+", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Readable:
    """A text as people saw it."""

    text: str
    is_edited: bool = False


def readable(text: str) -> Readable | None:
    """Give what somebody said; ``None`` where it was deleted or the app itself has spoken."""
    if _DELETED.fullmatch(text):
        return None
    text, edits = _EDITED.subn("", text)
    shown = _files(text)
    if shown == text and _is_told_by_the_app(text):
        return None
    shown = _LINE_MARKS.sub("", shown)
    return Readable(shown, bool(edits)) if shown else None


def _files(text: str) -> str:
    """Put a note in the place of each file."""
    text = _IOS_FILE.sub(lambda found: f"[file: {found['name'].strip()}]", text)
    if found := _DOCUMENT.match(text) or _ANDROID_FILE.match(text):
        name = found["name"].lstrip(_MARK)
        return f"[file: {name}]{text[found.end() :]}"
    if found := _OMITTED.match(text):
        return f"[file left out]{text[found.end() :]}"
    return text


def _is_told_by_the_app(text: str) -> bool:
    """Tell a notice by its mark; polls and places, which people send, have a colon."""
    return text.startswith(_MARK) and "\n" not in text and ": " not in text
