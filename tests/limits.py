"""Limits that no test or bench reaches which is not about them."""

import tomli_w
from msgspec import structs

from config.settings import Limits

_MANY = "1000000/second"
HIGH = Limits(account=_MANY, address=_MANY, sign_up=_MANY, log_in=_MANY, refresh=_MANY)
HIGH_AS_TOML = tomli_w.dumps({"limits": structs.asdict(HIGH)})
