"""``python -m tests.fuzz TARGET CORPUS [options of libFuzzer]``: fuzz until something gives way."""

import sys
from hashlib import sha1
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["mqtt", "broker", "websockets"]):
    from tests.fuzz.targets import TARGETS

from tests.fuzz.seeds import seeds


def main() -> None:
    """Fill the corpus, and fuzz."""
    program, name, folder, *options = sys.argv
    corpus = Path(folder)
    corpus.mkdir(parents=True, exist_ok=True)
    for seed in seeds(name):
        (corpus / sha1(seed, usedforsecurity=False).hexdigest()).write_bytes(seed)
    atheris.Setup([program, *options, folder], TARGETS[name])
    atheris.Fuzz()


main()
