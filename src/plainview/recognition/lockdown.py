"""How the decoder's child gives up everything that decoding a picture does not need.

Owns the resource limits and the system call filter of the child. Must never run in the parent: no part of it can
be taken back. Linux only; standard library only, because the child imports this module.

Locks, in the order in which they stop an attacker who has taken over a codec: no new file descriptor (so no
file and no socket), no system call beyond a short list (so no program, no other process, no path of the file
system), no growth of memory beyond a limit, no more CPU time than one picture may take, no way to gain
privileges, no life after the parent.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import resource
import signal
import struct
import sys

# Constants of <linux/prctl.h>, <linux/seccomp.h>, <linux/audit.h>, <linux/sched.h> and <linux/bpf_common.h>.
_PR_SET_PDEATHSIG = 1
_PR_SET_SECCOMP = 22
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_MODE_FILTER = 2
_RET_KILL_PROCESS = 0x80000000
_RET_ERRNO = 0x00050000
_RET_ALLOW = 0x7FFF0000
_CLONE_THREAD = 0x00010000
_LOAD_WORD, _JUMP_EQUAL, _JUMP_BITS, _RETURN = 0x20, 0x15, 0x45, 0x06
_AT_NUMBER, _AT_MACHINE, _AT_FIRST_ARGUMENT = 0, 4, 16  # offsets into struct seccomp_data

_MACHINES: dict[str, tuple[int, dict[str, int]]] = {
    "x86_64": (
        0xC000003E,
        {
            "read": 0,
            "write": 1,
            "close": 3,
            "fstat": 5,
            "lseek": 8,
            "mmap": 9,
            "mprotect": 10,
            "munmap": 11,
            "brk": 12,
            "rt_sigaction": 13,
            "rt_sigprocmask": 14,
            "rt_sigreturn": 15,
            "sched_yield": 24,
            "mremap": 25,
            "madvise": 28,
            "nanosleep": 35,
            "exit": 60,
            "getrusage": 98,
            "sysinfo": 99,
            "sigaltstack": 131,
            "gettid": 186,
            "futex": 202,
            "sched_getaffinity": 204,
            "restart_syscall": 219,
            "clock_gettime": 228,
            "clock_nanosleep": 230,
            "exit_group": 231,
            "set_robust_list": 273,
            "getrandom": 318,
            "rseq": 334,
            "clone": 56,
            "prlimit64": 302,
            "clone3": 435,
        },
    ),
    "aarch64": (
        0xC00000B7,
        {
            "read": 63,
            "write": 64,
            "close": 57,
            "fstat": 80,
            "lseek": 62,
            "mmap": 222,
            "mprotect": 226,
            "munmap": 215,
            "brk": 214,
            "rt_sigaction": 134,
            "rt_sigprocmask": 135,
            "rt_sigreturn": 139,
            "sched_yield": 124,
            "mremap": 216,
            "madvise": 233,
            "nanosleep": 101,
            "exit": 93,
            "getrusage": 165,
            "sysinfo": 179,
            "sigaltstack": 132,
            "gettid": 178,
            "futex": 98,
            "sched_getaffinity": 123,
            "restart_syscall": 128,
            "clock_gettime": 113,
            "clock_nanosleep": 115,
            "exit_group": 94,
            "set_robust_list": 99,
            "getrandom": 278,
            "rseq": 293,
            "clone": 220,
            "prlimit64": 261,
            "clone3": 435,
        },
    ),
}
"""Machine -> (its AUDIT_ARCH number, the system calls that decoding needs; numbers from <asm/unistd.h>)."""

_CONDITIONAL = ("clone", "prlimit64", "clone3")


def address_space_in_use() -> int:
    """Bytes of address space that this process has mapped (RLIMIT_AS counts the same)."""
    with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 (the child imports as little as it can)
        return int(file.read().split()[0]) * resource.getpagesize()


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when the thread that started it ends, however it ends.

    Args:
        parent: process id of the parent; if it is gone already, this process ends here.
    """
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(0)


def lock(memory_bytes: int) -> None:
    """Give up everything. Call once, after every import and after everything needed has been opened.

    Args:
        memory_bytes: address space that this process may map in all.

    Raises:
        OSError: a lock that every Linux has could not be closed.
    """
    memory_bytes = _at_most_hard(resource.RLIMIT_AS, memory_bytes)
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _filter_system_calls()


def renew_cpu_time(seconds: int) -> None:
    """Allow this many more seconds of CPU time from now; the kernel ends the process (SIGXCPU) after them."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    used = int(usage.ru_utime + usage.ru_stime) + 1
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (_at_most_hard(resource.RLIMIT_CPU, used + seconds), hard))


def _at_most_hard(limit: int, value: int) -> int:
    """A value that may be set even where the service manager has set a lower hard limit already."""
    _, hard = resource.getrlimit(limit)
    return value if hard == resource.RLIM_INFINITY else min(value, hard)


class _Program(ctypes.Structure):
    """struct sock_fprog of <linux/filter.h>."""

    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))


def _filter_system_calls() -> None:
    """Install the system call filter.

    On a machine whose numbers are not listed, or a kernel without the filter, the other locks must do: they
    hold on every Linux, and they already leave no way to open anything.
    """
    code = _filter_program()
    if code is None:
        return
    try:
        _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(_Program(len(code) // 8, code)))
    except OSError as error:
        if error.errno != errno.EINVAL:  # EINVAL: this kernel was built without CONFIG_SECCOMP_FILTER
            raise


def _filter_program() -> bytes | None:
    """The filter as classic BPF for this machine, or None where the numbers are not listed."""
    listed = _MACHINES.get(platform.machine())
    if listed is None or sys.maxsize < 2**32:
        return None
    machine, numbers = listed
    allow = _step(_RETURN, _RET_ALLOW)
    deny = _step(_RETURN, _RET_ERRNO | errno.EPERM)
    first_argument = _step(_LOAD_WORD, _AT_FIRST_ARGUMENT)
    steps = [
        _step(_LOAD_WORD, _AT_MACHINE),
        _step(_JUMP_EQUAL, machine, 1, 0),
        _step(_RETURN, _RET_KILL_PROCESS),
        _step(_LOAD_WORD, _AT_NUMBER),
        # clone3 hides its flags behind a pointer; "not implemented" makes the C library fall back to clone.
        _step(_JUMP_EQUAL, numbers["clone3"], 0, 1),
        _step(_RETURN, _RET_ERRNO | errno.ENOSYS),
        # Threads, which codecs start, but no processes.
        _step(_JUMP_EQUAL, numbers["clone"], 0, 4),
        first_argument,
        _step(_JUMP_BITS, _CLONE_THREAD, 0, 1),
        allow,
        deny,
        # Its own limits (pid 0), but not those of another process.
        _step(_JUMP_EQUAL, numbers["prlimit64"], 0, 4),
        first_argument,
        _step(_JUMP_EQUAL, 0, 0, 1),
        allow,
        deny,
    ]
    for name, number in numbers.items():
        if name not in _CONDITIONAL:
            steps += [_step(_JUMP_EQUAL, number, 0, 1), allow]
    return b"".join([*steps, deny])


def _step(code: int, operand: int, if_true: int = 0, if_false: int = 0) -> bytes:
    """struct sock_filter: one instruction; the jumps count the instructions to skip."""
    return struct.pack("=HBBI", code, if_true, if_false, operand)


def _prctl(option: int, *arguments: object) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    padded = [a if not isinstance(a, int) else ctypes.c_ulong(a) for a in (*arguments, 0, 0, 0, 0)[:4]]
    if libc.prctl(option, *padded) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"prctl({option}): {os.strerror(number)}")
