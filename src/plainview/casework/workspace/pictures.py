"""Where a workspace keeps its pictures: in its folder, or in the bucket that its settings name.

Owns the reading of those settings. The access key comes from two environment variables and from nowhere else: no file of
another program, no metadata address of a cloud.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from urllib.parse import urlsplit

from plainview.casework.workspace.folder import Workspace
from plainview.policy.decision import Refused
from plainview.storage.base import BlobStore
from plainview.storage.local import LocalBlobStore
from plainview.storage.seal import Sealer


def blob_store(workspace: Workspace, where: object, sealer: Sealer) -> BlobStore:
    """Open the store of pictures.

    Args:
        workspace: its folder and settings.
        where: "" for the folder, or `s3://BUCKET/PREFIX`.
        sealer: the key for pictures.

    Raises:
        Refused: workspace.blobs.
        StorageError: the bucket cannot be used.
    """
    if not where:
        return LocalBlobStore(workspace.blobs, sealer)
    from plainview.storage.s3 import Bucket, S3BlobStore

    address = urlsplit(str(where))
    if address.scheme != "s3" or not address.netloc or address.query or address.fragment:
        raise _refused(f"{where} is not the address of a bucket.", "Write it as s3://BUCKET/PREFIX.")
    key, secret = os.environ.get("AWS_ACCESS_KEY_ID", ""), os.environ.get("AWS_SECRET_ACCESS_KEY", "")
    if not key or not secret:
        raise _refused(
            f"The pictures are in {where}, and AWS_ACCESS_KEY_ID or AWS_SECRET_ACCESS_KEY is not set.", "Set both."
        )
    section = workspace.settings().get("s3", {})
    bucket: Mapping[str, object] = section if isinstance(section, dict) else {}
    prefix = address.path.strip("/")
    return S3BlobStore(
        Bucket(
            address.netloc,
            f"{prefix}/" if prefix else "",
            str(bucket.get("endpoint", "")),
            str(bucket.get("region", "us-east-1")),
            key,
            secret,
            str(bucket.get("ca_file", "")),
        ),
        sealer,
    )


def _refused(why: str, next_step: str) -> Refused:
    return Refused("workspace.blobs", "Pictures not reached", why, next_step)
