"""The policy that binds an agency."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.factories.power import change_policy
from tests.factories.work import person

from plainview.casework.models import PolicyVersion
from plainview.casework.people.read import binding
from plainview.policy.agency import SAMPLE
from plainview.policy.decision import Refused
from plainview.policy.permissions import Permission


def test_a_policy_of_another_version_is_named_and_can_be_replaced(workspace: Path) -> None:
    admin = person("admin")
    old = SAMPLE.replace("rights_days", "subject_days")
    PolicyVersion.objects.filter(agency=admin.agency).update(text=old)
    with pytest.raises(Refused, match="this version of Plainview") as caught:
        binding(admin.agency)
    assert caught.value.act is Permission.POLICY_CHANGE
    change_policy(SAMPLE, reason="the fields of this version", acting_member=admin)
    assert binding(admin.agency)[0].text == SAMPLE
