"""What kind of disk a folder is on, as the kernel's list of mounts says.

Owns the kinds that a database file must not be on: several machines may write there, and locks and shared memory do not
hold between them. It must never refuse anything: the doctor says it.
"""

from __future__ import annotations

import re
from pathlib import Path

_NETWORK = frozenset(
    [
        "9p",
        "afs",
        "ceph",
        "cifs",
        "gfs2",
        "glusterfs",
        "gpfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "ocfs2",
        "smb3",
        "smbfs",
        "vboxsf",
        "virtiofs",
        "fuse.ceph",
        "fuse.glusterfs",
        "fuse.gcsfuse",
        "fuse.rclone",
        "fuse.s3fs",
        "fuse.smbnetfs",
        "fuse.sshfs",
    ]
)
_MOUNTS = Path("/proc/self/mountinfo")


def network_disk(folder: Path, mounts: str | None = None) -> str:
    """Return the kind of network disk that a folder is on, such as nfs4; nothing for a disk of this machine.

    Args:
        folder: one that exists.
        mounts: the kernel's list, as in /proc/self/mountinfo (proc(5)); of this process if not given.
    """
    try:
        lines = (_MOUNTS.read_text("utf-8", "surrogateescape") if mounts is None else mounts).splitlines()
    except OSError:  # another system
        return ""
    place, on, depth = folder.resolve(), "", -1
    for line in lines:
        before, _, after = line.partition(" - ")
        if not after:
            continue
        point = Path(re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), before.split()[4]))
        if place.is_relative_to(point) and len(point.parts) >= depth:  # the last of several mounts at one place
            on, depth = after.split()[0], len(point.parts)
    return on if on in _NETWORK else ""
