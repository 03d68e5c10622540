"""A member of another agency in a served workspace, signed in: what a browser test shows to somebody who may see nothing."""

from __future__ import annotations

from playwright.sync_api import Browser, BrowserContext
from tests.factories import forks
from tests.factories.live import Live

_MADE = """
import django
django.setup()
from allauth.mfa.totp.internal import auth as totp
from django.conf import settings
from django.test import Client
from plainview.casework.people.agencies import accept_terms
from plainview.casework.people.agencies import open_agency
from plainview.casework.people.agencies import propose_agency
from plainview.casework.people.members import join
from plainview.policy.roles import Role
accept_terms(propose_agency("Elsewhere", jurisdiction="J", head_name="H", head_email="h@elsewhere.example"))
others = [("s@elsewhere.example", Role.SUPERVISOR)]
opened = open_agency("Elsewhere", administrator_email="boss@elsewhere.example", others=others)
join(opened.code, "Boss")
member = join(opened.invited[1].code, "Other supervisor")
totp.TOTP.activate(member, totp.generate_totp_secret())
client = Client()
client.force_login(member, backend="plainview.web.adapters.Backend")
print(client.cookies[settings.SESSION_COOKIE_NAME].key, client.cookies[settings.SESSION_COOKIE_NAME].value)
"""


def supervisor_elsewhere(live: Live, browser: Browser) -> BrowserContext:
    """A context of a signed-in supervisor of an agency that is made for it."""
    done = forks.run(live.home, [], code=_MADE)
    assert done.returncode == 0, done.stderr
    name, value = done.stdout.split()[-2:]
    context = browser.new_context(base_url=live.url)
    context.add_cookies([{"name": name, "value": value, "url": live.url}])
    return context
