"""Commands that the platform operator uses mostly."""

from __future__ import annotations

from plainview.cli.commands.row import Command, Need

GROUPS: dict[str, str] = {
    "models": "Model packs: install, list, verify, card.",
    "mail": "Letters: try the mail server, list and send again what was not sent.",
    "agency": "Agencies: proposed, terms accepted, opened by the operator.",
}

ROWS = (
    Command(
        "init",
        Need.NOTHING,
        "setup:init",
        "Create a workspace: settings, keys (mode 0600), database, blobs, and the log's first entry.",
        "plainview init my-workspace --sample",
    ),
    Command(
        "demo",
        Need.NOTHING,
        "demo:demo",
        "Walk through the main job: workspace, gallery, probe, case, search, contact sheet, verified log.",
        "plainview demo",
    ),
    Command(
        "serve",
        Need.OWNER,
        "serve:serve",
        "Serve the web application, with a worker, until it is stopped.",
        "plainview serve",
    ),
    Command(
        "worker",
        Need.OWNER,
        "worker:worker",
        "Run background work (enrolment, video, alerts, letters) until stopped. `plainview serve` starts one.",
        "plainview worker",
    ),
    Command(
        "doctor",
        Need.OWNER,
        "doctor:doctor",
        "Check this machine, the model pack, the decoder and the workspace. Exit 1 when a check fails.",
        "plainview doctor",
        early=True,
    ),
    Command(
        "status",
        Need.OWNER,
        "status:deployment_status",
        "Print the state of the worker, queue, disk, backup, mail and other parts. Exit 1 if one is not well.",
        "plainview status",
    ),
    Command(
        "backup",
        Need.OWNER,
        "backup:backup",
        "Back the workspace up into one sealed file, while it is being served. The keys are not in it.",
        "plainview backup monday.backup",
    ),
    Command(
        "restore",
        Need.OWNER,
        "restore:restore",
        "Restore a backup into a new folder. What was erased since then stays erased; the log continues.",
        "plainview restore monday.backup restored-workspace",
        early=True,
    ),
    Command(
        "mail test",
        Need.OWNER,
        "mail:mail_test",
        "Hand one test letter over to the mail server now, and say how it went.",
        "plainview mail test you@agency.example",
    ),
    Command(
        "mail list",
        Need.OWNER,
        "mail:mail_list",
        "List the letters that were not sent, with the reason.",
        "plainview mail list",
    ),
    Command(
        "mail retry",
        Need.OWNER,
        "mail:mail_retry",
        "Send every letter that was not sent, now; also those that were given up.",
        "plainview mail retry",
    ),
    Command(
        "models install",
        Need.NOTHING,
        "models:install",
        "Install a pack: get its files, check their hashes, fold them to fp32. Does nothing if it is installed.",
        "plainview models install",
    ),
    Command("models list", Need.NOTHING, "models:list_packs", "List the installed packs.", "plainview models list"),
    Command(
        "models verify",
        Need.NOTHING,
        "models:verify",
        "Check the hashes of an installed pack.",
        "plainview models verify yunet-sface",
    ),
    Command(
        "models card",
        Need.NOTHING,
        "models:show_card",
        "Print the card: licence, training data, dimension, hashes, measured figures with their data set.",
        "plainview models card yunet-sface",
    ),
    Command(
        "agency propose",
        Need.OWNER,
        "people:agency_propose",
        "Register an agency. It stays closed until its head accepts the terms and you open it.",
        'plainview agency propose booking --jurisdiction "North County" --head-name "C. Head" --head-email head@agency.example',
    ),
    Command(
        "agency terms",
        Need.NOTHING,
        "outsiders:agency_terms",
        "Print the terms that the head of an agency accepts.",
        "plainview agency terms",
    ),
    Command(
        "agency accept",
        Need.CODE,
        "people:agency_accept",
        "Accept the terms as the head of the agency.",
        "plainview agency accept CODE",
    ),
    Command(
        "agency open",
        Need.OWNER,
        "people:agency_open",
        "Open an agency whose head has accepted the terms, and invite its first administrator.",
        "plainview agency open booking --administrator admin@agency.example",
    ),
    Command(
        "agency suspend",
        Need.OWNER,
        "people:agency_suspend",
        "Suspend an agency: its members may do nothing until it is opened again.",
        'plainview agency suspend booking --reason "the reason, in a sentence"',
    ),
    Command(
        "agency sign-in",
        Need.OWNER,
        "people:agency_sign_in",
        "Let an agency's members sign in through its own provider (OIDC or SAML), configured by a TOML file.",
        'plainview agency sign-in "County Police" county sign-in.toml',
    ),
    Command(
        "agency list",
        Need.OWNER,
        "people:agency_list",
        "List the agencies with their status.",
        "plainview agency list",
    ),
)
