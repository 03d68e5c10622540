"""Sees every address that a process and its children try to reach, native code included, and lets none leave the machine.

A thread gives itself a system call filter (seccomp with user notification, Linux 5.5) and starts the process, which
inherits it and cannot take it off. Whoever then calls connect, sendto, sendmsg or sendmmsg waits until this process has
read the address: loopback is let through, everything else is refused and kept. A question to a name server on this
machine is kept too. No root, no tool, no network needed.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import ipaddress
import os
import platform
import select
import socket
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

_PR_SET_NO_NEW_PRIVS, _SET_MODE_FILTER, _NEW_LISTENER = 38, 1, 8
_ALLOW, _USER_NOTIF = 0x7FFF0000, 0x7FC00000
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_RECEIVE, _SEND, _CONTINUE = 0xC0502100, 0xC0182101, 1  # <linux/seccomp.h>
_MACHINES = {  # seccomp, connect, sendto, sendmsg, sendmmsg
    "x86_64": (0xC000003E, 317, 42, 44, 46, 307),
    "aarch64": (0xC00000B7, 277, 203, 206, 211, 269),
}
_DNS = {53, 853, 5353}


class Watch:
    """What the watched processes tried to reach: "address port (program)" of each attempt, in order."""

    def __init__(self) -> None:
        self.attempts: list[str] = []
        machine = _MACHINES[platform.machine()]
        self._architecture, self._seccomp, *calls = machine
        self._connect, self._sendto, self._sendmsg, self._sendmmsg = calls

    def run(self, work: Callable[[], T]) -> T:
        """Run `work` in a filtered thread; every process that it starts is watched for as long as it lives."""
        outcome: list[T] = []
        trouble: list[BaseException] = []

        def filtered() -> None:
            try:
                listener = self._install()
                threading.Thread(target=self._listen, args=(listener,), daemon=True).start()
                outcome.append(work())
            except BaseException as error:
                trouble.append(error)

        thread = threading.Thread(target=filtered)
        thread.start()
        thread.join()
        if trouble:
            raise trouble[0]
        return outcome[0]

    def _install(self) -> int:
        calls = (self._connect, self._sendto, self._sendmsg, self._sendmmsg)
        steps = [(_LOAD, 0, 0, 4), (_EQUAL, 0, len(calls) + 1, self._architecture), (_LOAD, 0, 0, 0)]
        steps += [(_EQUAL, len(calls) - i, 0, number) for i, number in enumerate(calls)]
        steps += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _USER_NOTIF)]
        program = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
        header = struct.pack("@HxxxxxxP", len(steps), ctypes.addressof(program))
        libc = ctypes.CDLL(None, use_errno=True)
        assert libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
        listener = libc.syscall(self._seccomp, _SET_MODE_FILTER, _NEW_LISTENER, header)
        assert listener >= 0, os.strerror(ctypes.get_errno())
        return int(listener)

    def _listen(self, listener: int) -> None:
        """Answer until the last watched process has ended."""
        poll = select.poll()
        poll.register(listener, select.POLLIN)
        while not any(events & select.POLLHUP for _, events in poll.poll()):
            asked = bytearray(80)
            with contextlib.suppress(OSError):  # it was killed meanwhile
                fcntl.ioctl(listener, _RECEIVE, asked)
                number, pid, _, call, _, _, *arguments = struct.unpack("=QIIiIQ6Q", asked)
                refused = self._refuses(pid, call, arguments)
                answer = (number, 0, -errno.ECONNREFUSED, 0) if refused else (number, 0, 0, _CONTINUE)
                fcntl.ioctl(listener, _SEND, struct.pack("=QqiI", *answer))
        os.close(listener)

    def _refuses(self, pid: int, call: int, arguments: list[int]) -> bool:
        where = self._address(pid, call, arguments)
        if where is None:
            return False
        host, port = where
        loopback = ipaddress.ip_address(host).is_loopback
        if loopback and port not in _DNS:
            return False
        if port == 0 and call == self._connect:
            return False  # sorting the addresses of a name: UDP, nothing is sent
        program = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        self.attempts.append(f"{host} {port} ({program[:120].strip()})")
        return True

    def _address(self, pid: int, call: int, arguments: list[int]) -> tuple[str, int] | None:
        """The Internet address of a call; None for another family, or a socket that has its address already."""
        if call == self._connect:
            place, size = arguments[1], arguments[2]
        elif call == self._sendto:
            place, size = arguments[4], arguments[5]
        else:
            place, size = struct.unpack("=QI", _memory(pid, arguments[1], 12))
        if not place or size < 8:
            return None
        raw = _memory(pid, place, min(size, 28))
        family = struct.unpack_from("=H", raw)[0]
        port = struct.unpack_from("!H", raw, 2)[0]
        if family == socket.AF_INET:
            return socket.inet_ntop(family, raw[4:8]), port
        if family == socket.AF_INET6 and len(raw) >= 24:
            mapped = ipaddress.IPv6Address(raw[8:24]).ipv4_mapped
            return str(mapped or ipaddress.IPv6Address(raw[8:24])), port
        return None


def _memory(pid: int, place: int, size: int) -> bytes:
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        memory.seek(place)
        return memory.read(size)
