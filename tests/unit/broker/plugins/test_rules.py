"""The core's rules with plugins' verdicts."""

import pytest

from broker.core.access import Anyone, Identity, RefusedError
from broker.plugins import JudgedRules
from mqtt.codes import Reason
from mqtt.packets import Connect

ADA = Connect("ada")


class Renewing(Anyone):
    """Notes whose credentials it renews."""

    def __init__(self) -> None:
        super().__init__(refused=["hidden"])
        self.renewed: list[Identity] = []

    def renew(self, identity: Identity, _data: bytes, _now: float) -> Identity:
        self.renewed.append(identity)
        return self


class Serving(Anyone):
    is_service = True


def test_consent_is_for_one_client() -> None:
    rules = JudgedRules(Anyone())
    with rules.consent(is_given=True):
        rules.admit(ADA, 0)
    with pytest.raises(RefusedError), rules.consent(is_given=False):
        rules.admit(ADA, 0)
    with pytest.raises(RefusedError):
        rules.admit(ADA, 0)


def test_a_service_needs_no_consent() -> None:
    assert JudgedRules(Serving()).admit(ADA, 0).is_service


def test_both_verdicts_count_before_and_after_a_renewal() -> None:
    own = Renewing()
    rules = JudgedRules(own)
    with rules.consent(is_given=True):
        admitted = rules.admit(ADA, 0)
    renewed = rules.renew(admitted, b"", 0)
    assert own.renewed == [own]
    for identity in (admitted, renewed):
        assert identity.may_publish("open")
        assert not identity.may_publish("$SYS/own")
        assert identity.may_subscribe("hidden") == Reason.UNSPECIFIED_ERROR
        identity.refused = frozenset({"open", "open/+"})
        assert not identity.may_publish("open")
        assert identity.may_subscribe("open/+") == Reason.NOT_AUTHORIZED
        assert identity.may_subscribe("open/#") == Reason.GRANTED_QOS_2
