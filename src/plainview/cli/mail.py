"""`plainview mail`: tries the mail server, lists the letters that were not sent, and sends them again."""

from __future__ import annotations

import time

from plainview.casework.mail.account import account
from plainview.casework.mail.letters import compose, recipient, send_due, try_again
from plainview.casework.mail.post import Failure, Post
from plainview.casework.mail.read import unsent
from plainview.casework.workspace.services import services
from plainview.cli.common import Json, answer, print_rows
from plainview.cli.start import open_workspace
from plainview.policy.decision import Refused
from plainview.policy.wording import counted

_HEADS = ("Letter", "About", "To", "Written", "Tries", "Next try", "Last failure")


def mail_test(address: str, json: Json = False) -> None:
    """Hand one test letter over to the mail server now, and say how it went."""
    open_workspace()
    server = account()
    if server is None:
        raise Refused(
            "mail.none",
            "Nothing sent",
            f"No mail server is configured. Letters are written into {services().workspace.outbox}.",
            f"Name one in the table [mail] of {services().workspace.settings_file}; docs/howto/mail.md has examples.",
        )
    letter = compose(
        address,
        "Plainview: test",
        "This letter shows that Plainview can send letters.\n",
        name=f"test-{time.time_ns()}",
    )
    began = time.monotonic()
    try:
        with Post(server) as post:
            encryption = post.says()
            post.hand_over(letter)
    except Failure as failure:
        said = f' It said: "{failure.answer}".' if failure.answer else ""
        raise Refused(
            "mail.test",
            "Nothing sent",
            f"{failure.why}{said}",
            f"Correct the table [mail] in {services().workspace.settings_file}, then try again.",
        ) from None
    seconds = round(time.monotonic() - began, 2)
    answer(
        f"{server.host}, port {server.port}, took the letter to {address} in {seconds} s ({encryption}). "
        "Check that it arrives.",
        json=json,
        ok=True,
        server=f"{server.host}:{server.port}",
        encryption=encryption,
        seconds=seconds,
    )


def mail_list(json: Json = False) -> None:
    """List the letters that were not sent, with the reason."""
    open_workspace()
    rows = [
        {
            "letter": letter.public_id,
            "about": letter.kind,
            "to": recipient(letter),
            "written": letter.made_at.isoformat(),
            "tries": letter.tries,
            "next_try": None if letter.given_up_at else letter.due_at.isoformat(),
            "trouble": letter.trouble,
        }
        for letter in unsent()
    ]
    print_rows("letters", _HEADS, rows, "Every letter was sent.", json=json)


def mail_retry(json: Json = False) -> None:
    """Send every letter that was not sent, now; also those that were given up."""
    open_workspace()
    due = try_again()
    sent = send_due()
    answer(f"{counted(sent, 'letter')} of {due} sent.", json=json, due=due, sent=sent)
