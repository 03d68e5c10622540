"""The page that a refusal leads to, for a member who may open it."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.template import Context, Template
from django.test import RequestFactory
from django.urls import reverse
from tools.refusals import refusals

from plainview.casework.models import Member
from plainview.policy.decision import OperatorAct, Refused
from plainview.policy.permissions import Permission
from plainview.policy.roles import Role
from plainview.web.next_steps import PAGES, Link, link


def _refused(act: Permission | OperatorAct | None) -> Refused:
    return Refused("a.b", "Refused", "No.", "Do it.", act=act)


def _member(role: Role) -> Member:
    return Member(email="a@agency.example", roles=[role.value])


def test_every_permission_that_a_refusal_names_has_a_row_and_no_other() -> None:
    named = {row.act for row in refusals() if row.act.startswith("Permission.")}
    assert {f"Permission.{act.name}" for act in PAGES} == named


def test_every_page_has_an_address_without_an_id() -> None:
    for page in PAGES.values():
        if page is not None:
            assert reverse(page[0]).startswith("/")


def test_who_may_open_the_page_gets_its_link() -> None:
    assert link(_refused(Permission.CASE_OPEN), _member(Role.EXAMINER)) == Link(reverse("case-open"), "Open a case")


def test_who_may_not_open_the_page_gets_none() -> None:
    assert link(_refused(Permission.CASE_OPEN), _member(Role.AUDITOR)) is None
    assert link(_refused(Permission.CASE_OPEN), AnonymousUser()) is None


def test_an_act_without_a_page_has_no_link() -> None:
    assert link(_refused(None), _member(Role.EXAMINER)) is None
    assert link(_refused(OperatorAct.INIT), _member(Role.EXAMINER)) is None
    assert link(_refused(Permission.CANARY_MANAGE), _member(Role.EXAMINER)) is None


def test_the_refused_page_shows_the_link() -> None:
    request = RequestFactory().get("/")
    request.user = _member(Role.EXAMINER)
    template = Template("{% load next_step %}<p>Do it.{% next_page refused %}</p>")
    shown = template.render(Context({"request": request, "refused": _refused(Permission.CASE_OPEN)}))
    assert shown == f'<p>Do it. <a href="{reverse("case-open")}">Open a case</a></p>'
