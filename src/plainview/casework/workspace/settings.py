"""Every key of workspace.toml and every environment variable that Plainview reads, with one sentence each.

Owns the sentences, and the check that a file has no other key: each key is read where it is used. A test compares
these tables with the code, so that neither has a key that the other lacks.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType

SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "version": "Version of this file's format: 1. Written when the workspace is made; do not change it.",
        "log": "Name of this workspace's log and of its key. Written when the workspace is made; do not change it.",
        "database": '"postgresql" if the records are in the server that DATABASE_URL names. Written when the workspace is '
        "made, and by a move; do not change it.",
        "blobs": "Where pictures are kept, if not in the folder: `s3://BUCKET/PREFIX`. Written by a move; do not change it.",
        "s3.endpoint": "Address of the server of that bucket. Default: Amazon's.",
        "s3.region": 'Its region. Default: "us-east-1".',
        "s3.ca_file": "Certificate authority of that server. Default: the system's.",
        "use": 'What the deployment is for; a model pack must permit it. Default: "investigation".',
        "pack": 'Name of the installed model pack. Default: "yunet-sface".',
        "address": 'Address where members open Plainview; links in letters begin with it. Default: "http://127.0.0.1:8000".',
        "security_contact": "E-mail address or link for reports of a weakness, in /.well-known/security.txt. Default: none.",
        "enrol_folders": "Folders of the server from which administrators may enrol on the page. Default: none.",
        "workers": "Background jobs that run at the same time. Default: 1.",
        "index.adapter": 'Index of galleries that were not moved: "auto", "exact", "compressed", "milvus" or "sharded-N".',
        "index.ray": 'Address of the Ray cluster: "HOST:6379" on one of its machines, "ray://HOST:10001" from outside. '
        'Default: "127.0.0.1:6379".',
        "index.ray_folder": "Folder on each machine of the cluster for sealed snapshots of the parts. "
        'Default: "/var/lib/plainview/parts".',
        "index.milvus": 'Address of the Milvus server. Default: "http://127.0.0.1:19530".',
        "feeds.private_addresses": "`true` lets a feed fetch from addresses that are not public. Default: false.",
        "feeds.ca_file": "Certificate authority of a publisher in your own network. Default: the system's.",
        "backup.folder": "Folder of scheduled backups, on another disk. Without one, nothing is scheduled.",
        "backup.at": 'Time of day of the scheduled backup, UTC. Default: "02:00".',
        "backup.keep_days": "Days for which every scheduled backup is kept. Default: 14.",
        "backup.keep_months": "Months for which the first backup of each month is kept as well. Default: 12.",
        "backup.rehearse_days": "Days until a backup is restored again into a temporary workspace as a rehearsal. Default: 7.",
        "backup.recipients": "More age recipients (`age1...`) who can open backups. Default: none.",
        "feeds.contact": "Address or link that publishers see as the contact of this program. Default: `address`.",
        "webhooks.private_addresses": "`true` lets a webhook be in your own network. Default: false.",
        "webhooks.ca_file": "Certificate authority of a webhook in your own network. Default: the system's.",
        "witness.stop_after_hours": "Hours that an entry of the log may wait for the cosignatures that the file `witnesses` "
        "asks for, before searches stop. Default: 24.",
        "witness.private_addresses": "`true` lets a witness be in your own network. Default: false.",
        "witness.ca_file": "Certificate authority of a witness in your own network. Default: the system's.",
        "log_folder": "Folder into which the log is written as tiles (hashes and checkpoint, no entry) every hour, for a web "
        "server to publish. Default: none.",
        "metrics_token": "Token that a program must send to read /metrics from another machine or through a proxy. Default: none.",
        "mail.host": "Mail server. Without one, letters are written into the workspace's folder `outbox`.",
        "mail.port": "Port of the mail server. Default: 587; with TLS from the first byte: 465.",
        "mail.tls": '"starttls", or "implicit" for TLS from the first byte; `false` for none. Default: "implicit" on port 465, '
        'else "starttls".',
        "mail.ca_file": "Certificate authority of the mail server, if it is not a public one. Default: the system's.",
        "mail.user": "User name at the mail server. Default: none.",
        "mail.password": "Password at the mail server. Default: none.",
        "mail.password_file": "File with the password, for example a credential of systemd. Default: none.",
        "mail.from": 'Sender of every letter. Default: "plainview@localhost".',
    }
)
"""Key of workspace.toml (table and key joined by a dot) -> what it sets, with its default."""

ENVIRONMENT: Mapping[str, str] = MappingProxyType(
    {
        "PLAINVIEW_HOME": "Folder of the workspace; `--workspace DIR` on the command line sets it. "
        "Default: `./plainview-data`.",
        "PLAINVIEW_TOKEN": "Token of the member who acts on the command line of a served workspace.",
        "PLAINVIEW_MODELS": "Folder of the installed model packs. Default: `share/plainview/models` of this Python "
        "if it exists, else `~/.local/share/plainview/models`.",
        "PLAINVIEW_SERVE": "Set by `plainview serve` for its own processes; not for people.",
        "NOTIFY_SOCKET": "Set by systemd for `Type=notify`; the server says there when it answers.",
        "PLAINVIEW_AS": "E-mail address of the acting member; `--as` on the command line wins.",
        "DATABASE_URL": "Address of the PostgreSQL database of a workspace that has its records there, for example "
        "`postgresql://plainview@/plainview?host=/run/postgresql`. If it is set, `plainview init` puts the records there.",
        "AWS_ACCESS_KEY_ID": "Access key of the bucket that has the pictures.",
        "AWS_SECRET_ACCESS_KEY": "Its secret half. Neither is taken from anywhere else.",
        "RAY_AUTH_MODE": "`token`: Ray asks for its token. Required for a cluster on other machines.",
        "RAY_USE_TLS": "`1`: Ray encrypts its connections. Required for a cluster on other machines.",
        "RAY_USAGE_STATS_ENABLED": "Set to 0 by Plainview itself: Ray reports nothing to its makers.",
        "RAY_CLIENT_RECONNECT_GRACE_PERIOD": "Set to 5 seconds by Plainview itself, unless set: a search waits that long for a broken connection.",
        "PLAINVIEW_DEBUG": "Any value: an unexpected error prints its traceback. For developers.",
        "XDG_DATA_HOME": "Folder of this user's data; the model packs are below it. Default: `~/.local/share`.",
        "XDG_CACHE_HOME": "Folder where `plainview evaluate` caches templates. Default: `~/.cache`.",
        "XDG_CONFIG_HOME": "Folder of this user's settings: the key that seals that cache is below it. Default: `~/.config`.",
        "ORT_DISABLE_TELEMETRY": "Set to 1 by Plainview itself: onnxruntime looks up no host of its maker.",
        "OPENBLAS_NUM_THREADS": "Threads of one multiplication of templates. Default: 1, as searches of several people share the cores.",
        "OMP_WAIT_POLICY": "Set to `PASSIVE` by Plainview itself, unless set: threads of faiss that wait take no CPU time.",
        "DJANGO_SETTINGS_MODULE": "Set by Plainview itself to `plainview.site.settings`; not for people.",
    }
)
"""Environment variable -> what it sets."""

NEXT_STEP = "Correct the file; every key it may have is in the reference of settings."
_REQUIRED = ("version", "log")
_NOT_READ = "sample"  # written by versions before the log said it
_VERSION = 1


def wrong_key(settings: Mapping[str, object]) -> str:
    """Return what is wrong with the keys of a workspace.toml, in a sentence; empty if nothing is."""
    for name in _REQUIRED:
        if name not in settings:
            return f"the key {name} is missing."
    if settings["version"] != _VERSION:
        return f"its version is {settings['version']!r}, and this Plainview reads version {_VERSION}."
    if not isinstance(settings["log"], str) or not settings["log"]:
        return "the key log is not a text."
    tables = {key.partition(".")[0] for key in SETTINGS if "." in key}
    for name, value in settings.items():
        if name in tables:
            if not isinstance(value, dict):
                return f"{name} is a table: write [{name}] above its keys."
            unknown = [f"{name}.{key}" for key in value if f"{name}.{key}" not in SETTINGS]
        else:
            unknown = [name] if name not in SETTINGS and name != _NOT_READ else []
        if unknown:
            return f"the key {unknown[0]} is unknown. {_meant(unknown[0], tables)}".strip()
    return ""


def _meant(unknown: str, tables: set[str]) -> str:
    """Return where an unknown key belongs, or which one may be meant; empty if nobody can say."""
    table, _, key = unknown.rpartition(".")
    if table and key in SETTINGS:
        return f"Every key that follows [{table}] belongs to it: write {key} above [{table}]."
    if table and key in tables:
        return f"Write it as [{key}]."
    places = [place for place, _, name in (setting.rpartition(".") for setting in SETTINGS) if place and name == key]
    if len(places) == 1:
        return f"Write {key} below [{places[0]}]."
    near = get_close_matches(unknown, [*SETTINGS, *tables], 1)
    return f"Did you mean {near[0]}?" if near else ""
