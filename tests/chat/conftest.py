"""What tests of answers in the making can ask for."""

from __future__ import annotations

import pytest

from chat import plans
from chat.question import Kit
from tests.chat.kits import Plans, plan


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> Plans:
    """`planned(kit)`: whatever is asked next is answered with `kit`."""

    def use(the_kit: Kit) -> None:
        monkeypatch.setattr(plans, "load", lambda turn, _breaker: plan(turn.question, the_kit))

    return use
