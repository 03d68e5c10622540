"""Every key of workspace.toml and every environment variable that Plainview reads, with one sentence each.

Owns the sentences only: each key is read where it is used. A test compares these tables with the code, so that neither
has a key that the other lacks.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "version": "Version of this file's format: 1. Written when the workspace is made; do not change it.",
        "log": "Name of this workspace's log and of its key. Written when the workspace is made; do not change it.",
        "sample": "`true` for a workspace whose agency and people are fictitious. Never set it on a real one.",
        "use": 'What the deployment is for; a model pack must permit it. Default: "investigation".',
        "pack": 'Name of the installed model pack. Default: "yunet-sface".',
        "address": 'Address where members open Plainview; links in letters begin with it. Default: "http://127.0.0.1:8000".',
        "enrol_folders": "Folders of the server from which administrators may enrol on the page. Default: none.",
        "workers": "Background jobs that run at the same time. Default: 1.",
        "index.adapter": 'Index of galleries that were not moved: "auto", "exact", "compressed" or "milvus".',
        "index.milvus": 'Address of the Milvus server. Default: "http://127.0.0.1:19530".',
        "feeds.private_addresses": "`true` lets a feed fetch from addresses that are not public. Default: false.",
        "feeds.ca_file": "Certificate authority of a publisher in your own network. Default: the system's.",
        "mail.host": "Mail server. Without one, letters are written into the workspace's folder `outbox`.",
        "mail.port": "Port of the mail server. Default: 587.",
        "mail.tls": "`true` to start TLS before anything is sent. Default: true.",
        "mail.user": "User name at the mail server. Default: none.",
        "mail.password": "Password at the mail server. Default: none.",
        "mail.from": 'Sender of every letter. Default: "plainview@localhost".',
    }
)
"""Key of workspace.toml (table and key joined by a dot) -> what it sets, with its default."""

ENVIRONMENT: Mapping[str, str] = MappingProxyType(
    {
        "PLAINVIEW_HOME": "Folder of the workspace; `--workspace DIR` on the command line sets it. "
        "Default: `./plainview-data`.",
        "PLAINVIEW_TOKEN": "Token of the member who acts on the command line of a served workspace.",
        "PLAINVIEW_MODELS": "Folder of the installed model packs. Default: `share/plainview/models` of this Python.",
        "PLAINVIEW_SERVE": "Set by `plainview serve` for its own processes; not for people.",
        "NOTIFY_SOCKET": "Set by systemd for `Type=notify`; the server says there when it answers.",
        "PLAINVIEW_AS": "E-mail address of the acting member; `--as` on the command line wins.",
        "PLAINVIEW_DEBUG": "Any value: an unexpected error prints its traceback. For developers.",
        "XDG_CACHE_HOME": "Folder where `plainview evaluate` caches templates. Default: `~/.cache`.",
        "DJANGO_SETTINGS_MODULE": "Set by Plainview itself to `plainview.site.settings`; not for people.",
    }
)
"""Environment variable -> what it sets."""
