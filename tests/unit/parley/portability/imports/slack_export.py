"""A Slack export of our own, in the documented form."""

import json
import zipfile
from pathlib import Path
from typing import Any

Files = dict[str, Any]

PEOPLE = [
    {
        "id": "U1",
        "name": "ada",
        "profile": {"real_name": "Ada L", "display_name": "", "email": "ada.l@example.org"},
    },
    {"id": "U2", "name": "g.hopper", "real_name": "Grace & Co", "profile": {"display_name": None}},
    {"id": "U3", "name": "left", "deleted": True, "profile": {"display_name": "Left Long Ago"}},
]


def said(ts: str, user: str, text: str, **fields: Any) -> dict[str, Any]:
    return {"type": "message", "ts": ts, "user": user, "text": text} | fields


EXPORT: Files = {
    "users.json": PEOPLE,
    "channels.json": [
        {"id": "C1", "name": "general", "creator": "U2", "members": ["U1", "U2"]},
        {"id": "C2", "name": "quiet", "creator": "U1", "members": ["U1"]},
    ],
    "groups.json": [{"id": "G1", "name": "secret", "members": ["U1", "U2"]}],
    "mpims.json": [{"id": "M1", "name": "mpdm-ada--g.hopper-1", "members": ["U1", "U2"]}],
    "dms.json": [{"id": "D1", "members": ["U1", "U2"]}, {"id": "D2", "members": ["U1"]}],
    "general/2015-03-01.json": [
        said("1425168000.000100", "U1", "joined", subtype="channel_join"),
        said("1425168002.000000", "U2", "A &lt;b&gt; &amp; <@U1>, see <#C2> :tada:"),
        said("1425168001.000000", "U3", "First <https://a.example/?x=1&amp;y|the page>"),
    ],
    "general/2015-03-02.json": [
        said(
            "1425254400.000000",
            "U1",
            "Answer",
            thread_ts="1425168001.000000",
            edited={"user": "U1", "ts": "1425254460.000000"},
            reactions=[
                {"name": "thumbsup::skin-tone-3", "users": ["U2", "U3"], "count": 2},
                {"name": "partyparrot", "users": ["U1"], "count": 1},
            ],
        ),
        said("1425254401.000000", "U1", "", files=[{"name": "plan.pdf"}, {"mode": "tombstone"}]),
        said("1425254402.000000", "U2", "waves", subtype="me_message"),
        {
            "type": "message",
            "subtype": "bot_message",
            "ts": "1425254403.000000",
            "bot_id": "B1",
            "username": "Builder",
            "text": "",
            "attachments": [{"fallback": "Build <https://ci.example|passed>"}],
        },
        said("1425254404.000000", "U1", "This message was deleted.", subtype="tombstone"),
        said("1425254405.000000", "U1", "to a lost thread", thread_ts="1425000000.000000"),
    ],
    "secret/2015-03-01.json": [said("1425168003.500000", "U1", "psst")],
    "mpdm-ada--g.hopper-1/2015-03-01.json": [said("1425168004.000000", "U2", "us three")],
    "D1/2015-03-01.json": [said("1425168005.000000", "U1", "hi"), said("1425168006.0", "U2", "ho")],
    "D2/2015-03-01.json": [said("1425168007.000000", "U1", "note to myself")],
}


def write_folder(folder: Path, files: Files = EXPORT) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
    return folder


def write_zip(path: Path, files: Files = EXPORT, within: str = "") -> Path:
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in files.items():
            packed.writestr(within + name, json.dumps(content))
    return path
