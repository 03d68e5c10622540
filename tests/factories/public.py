"""A served workspace with a year of use behind it, for whoever reads the public register: made in another process."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from tests.factories import forks


def make_public_workspace(folder: Path) -> Path:
    """Make FOLDER/public, a workspace with three agencies, and export their register to FOLDER/site."""
    home = folder / "public"
    done = forks.run(home, [], code="from tests.factories import public; public.make()")
    assert done.returncode == 0, done.stderr
    return home


def _a_year() -> None:
    """From August 2025 to now: an agency that searches much, one that searches little, one that does not at all."""
    from django.utils import timezone
    from tests.factories.register import agency, happened, moment, use
    from tests.factories.work import at

    from plainview.casework.galleries.passports import create_gallery
    from plainview.casework.register.publish import attest, export_register, publish_month
    from plainview.casework.upkeep.setup import begin_log, make_sample_people
    from plainview.casework.workspace.services import services
    from plainview.recheck.figures import counted_until
    from plainview.recheck.tally import months_between

    with at(moment("2025-08", 1)):
        begin_log(sample=True)
        make_sample_people()
    river, hill = (
        agency("Rivertown Police", "2025-08"),
        agency("Hill County Police", "2025-08", place="Hill County"),
    )
    lake = agency("Lakeside Sheriff", "2025-08", place="Lakeside")
    basis = {"legal_basis": "Custody Images Act s. 4", "source": "custody desk", "owner": "Records Office"}
    with at(moment("2025-08", 11)):
        create_gallery("custody", **basis, expires_on=date(2999, 12, 31), acting_member=river)
        create_gallery("custody", **basis, expires_on=date(2999, 12, 31), acting_member=hill)
    of_river = {"agency": river.agency.public_id}
    months = [m for m in months_between("2025-09", "2026-10") if m <= counted_until(timezone.now(), sample=False)]
    for i, month in enumerate(months):
        use(river.agency, month, 9 + 7 * i % 17, "robbery")
        use(river.agency, month, 5 + 5 * i % 9, "theft")
        use(river.agency, month, 1 + i % 3, "fraud", candidates=0)
        use(river.agency, month, i % 4, "missing person", urgent=True, erased=i % 8 == 7)
        use(hill.agency, month, 3 * (i % 3 != 1), "theft")
        happened(month, "lead.released", 1 + i % 3, **of_river)
        happened(month, "outcome.reported", 1 + i % 2, **of_river, outcome="person found")
        happened(month, "outcome.reported", i % 2, **of_river, outcome="cleared")
        happened(month, "search.refused", 2, **of_river, rule="search.ground")
    happened(months[-1], "search.refused", 1, **of_river, rule="case.closed")
    happened(months[-1], "outcome.reported", 1, **of_river, outcome="wrong person")
    happened(months[-1], "flag.decided", 5, **of_river, rule="misuse.pace", outcome="dismissed")
    happened(months[-1], "flag.decided", 1, **of_river, rule="misuse.pace", outcome="upheld")
    attest("2025-09", "2026-06", office="Sheriff", acting_member=lake)
    publish_month()
    export_register(services().workspace.root.parent / "site", acting_member=river)


def make() -> None:
    """Make it in the folder of PLAINVIEW_HOME."""
    from plainview.casework.workspace.folder import current, lay_out
    from plainview.cli.start import start_django

    lay_out(current())
    start_django()
    from plainview.casework.people.samples import make_credentials
    from plainview.casework.upkeep.setup import make_tables

    make_tables()
    _a_year()
    make_credentials()
