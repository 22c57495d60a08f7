"""What mails say."""

from storage.mails import Letter
from webapi.settings import settings


def confirm_email(to: str, name: str, code: str) -> Letter:
    """Ask whether an address is an account's."""
    asked = f"This address is to belong to the account {name} on {settings().name}.\n\n"
    text = asked + _how("email", code) + "If that is not you, do nothing: nothing happens then.\n"
    return Letter(to=to, subject=f"Your address on {settings().name}", text=text)


def email_changed(to: str, name: str) -> Letter:
    """Tell the earlier address."""
    text = (
        f"The account {name} on {settings().name} does not use this address any more.\n\n"
        "If that was not you, turn to whoever runs the server.\n"
    )
    return Letter(to=to, subject=f"Your address on {settings().name} has changed", text=text)


def reset_password(to: str | None, name: str, code: str) -> Letter:
    """Let somebody choose a new password; to nobody, the letter is as long."""
    asked = f"A new password was asked for, for the account {name} on {settings().name}.\n\n"
    text = asked + _how("password", code) + "If that was not you, do nothing: nothing happens.\n"
    return Letter(to=to, subject=f"A new password on {settings().name}", text=text)


def password_changed(to: str, name: str) -> Letter:
    """Tell somebody of the new password."""
    text = (
        f"The account {name} on {settings().name} has a new password.\n\n"
        "If that was not you, ask for a new one, and look through your devices.\n"
    )
    return Letter(to=to, subject=f"Your password on {settings().name} has changed", text=text)


def second_factor_removed(to: str, name: str) -> Letter:
    """Tell somebody that the password alone is enough again."""
    text = (
        f"To log in as {name} on {settings().name}, the password is enough again.\n\n"
        "If that was not you, change your password, and look through your devices.\n"
    )
    return Letter(to=to, subject=f"Your second factor on {settings().name} is off", text=text)


def _how(purpose: str, code: str) -> str:
    link = settings().accounts.link(purpose, code)
    opened = f"Open this link:\n\n    {link}\n\nor give the application" if link else "Give it"
    return f"{opened} this code, which is good once, for an hour:\n\n    {code}\n\n"
