"""Time-based codes (RFC 6238): six digits, every thirty seconds another."""

import pyotp

_STEP_SECONDS = 30
_EARLIER_OR_LATER = 1
"""Steps by which a clock may be wrong (section 5.2)."""


def new_secret() -> str:
    """Make a secret of 160 random bits, in Base32."""
    return pyotp.random_base32(32)


def uri(secret: str, account: str, server: str) -> str:
    """Give what an authenticator application reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=server)


def step_of(secret: str, code: str, now: int, after: int) -> int | None:
    """Find the step whose code this is, near ``now`` in seconds, behind the step ``after``.

    What is not behind the last code that was used was used already, or seen by somebody.
    """
    totp, around = pyotp.TOTP(secret), now // _STEP_SECONDS
    typed = code.replace(" ", "")
    steps = range(around - _EARLIER_OR_LATER, around + _EARLIER_OR_LATER + 1)
    for step in steps:
        if step > after and pyotp.utils.strings_equal(typed, totp.generate_otp(step)):
            return step
    return None
