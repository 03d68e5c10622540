"""Every lock of the decoder's child, tried from inside a process that has closed it."""

from __future__ import annotations

import errno
import json
import os
import resource
import signal
import struct
import subprocess
import sys
import textwrap
import types
from contextlib import nullcontext
from pathlib import Path

import psutil
import pytest

import plainview
from plainview.recognition import lockdown

SOURCE = str(Path(plainview.__file__).parents[1])


def in_child(code: str) -> dict[str, object]:
    """Run lines in a fresh isolated interpreter with lockdown imported; returns what they put into `out`."""
    script = "\n".join(
        [
            "import ctypes, errno, json, os, resource, signal, socket, sys, threading, time",
            f"sys.path.insert(0, {SOURCE!r})",
            "from plainview.recognition import lockdown",
            "out = {}",
            "def attempt(name, act):",
            "    try: act()",
            "    except OSError as error: out[name] = errno.errorcode[error.errno]",
            "    except MemoryError: out[name] = 'MemoryError'",
            "    else: out[name] = 'done'",
            textwrap.dedent(code),
            "os.write(1, json.dumps(out).encode())",
        ]
    )
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, check=False, timeout=30, env={})
    assert done.returncode == 0, done.stderr.decode()
    result: dict[str, object] = json.loads(done.stdout)
    return result


def test_without_the_locks_the_attempts_succeed() -> None:
    out = in_child("attempt('open', lambda: open('/proc/self/status').close())")
    assert out == {"open": "done"}


def test_nothing_can_be_opened_sent_started_removed_or_killed(tmp_path: Path) -> None:
    victim = tmp_path / "precious"
    victim.write_text("still here")
    out = in_child(
        f"""
        libc = ctypes.CDLL(None, use_errno=True)
        def call(function, *arguments):
            if getattr(libc, function)(*arguments) < 0:
                raise OSError(ctypes.get_errno(), function)
        lockdown.lock(2**31)
        attempt('read a file', lambda: os.open({str(victim)!r}, os.O_RDONLY))
        attempt('make a file', lambda: os.open({str(tmp_path / "new")!r}, os.O_CREAT | os.O_WRONLY))
        attempt('socket', lambda: socket.socket())
        attempt('pipe', lambda: os.pipe())
        attempt('fork', lambda: os.fork() or os._exit(0))
        attempt('exec', lambda: os.execv('/bin/true', ['true']))
        attempt('remove', lambda: os.unlink({str(victim)!r}))
        attempt('truncate', lambda: os.truncate({str(victim)!r}, 0))
        attempt('rename', lambda: os.rename({str(victim)!r}, {str(victim)!r} + '2'))
        attempt('signal', lambda: os.kill(os.getppid(), 0))
        attempt('trace', lambda: call('ptrace', 16, os.getppid(), 0, 0))
        attempt('limit the parent', lambda: resource.prlimit(os.getppid(), resource.RLIMIT_CPU))
        """
    )
    assert len(out) == 12
    assert set(out.values()) == {"EPERM"}
    assert victim.read_text() == "still here"
    assert list(tmp_path.iterdir()) == [victim]


def test_without_the_system_call_filter_there_is_still_no_new_descriptor() -> None:
    out = in_child(
        """
        lockdown._filter_program = lambda: None
        lockdown.lock(2**31)
        attempt('file', lambda: os.open('/proc/self/status', os.O_RDONLY))
        attempt('socket', lambda: socket.socket())
        """
    )
    assert out == {"file": "EMFILE", "socket": "EMFILE"}


def test_a_file_that_is_open_already_cannot_grow(tmp_path: Path) -> None:
    out = in_child(
        f"""
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        fd = os.open({str(tmp_path / "open")!r}, os.O_CREAT | os.O_WRONLY)
        lockdown.lock(2**31)
        attempt('write', lambda: os.write(fd, b'x'))
        """
    )
    assert out == {"write": "EFBIG"}
    assert (tmp_path / "open").stat().st_size == 0


def test_memory_is_limited_and_threads_still_start() -> None:
    out = in_child(
        """
        lockdown.lock(lockdown.address_space_in_use() + 2**26)
        attempt('much', lambda: bytearray(2**27))
        attempt('little', lambda: bytearray(2**20))
        seen = []
        threading.stack_size(2**18)
        thread = threading.Thread(target=seen.append, args=(1,)); thread.start(); thread.join()
        out['thread'] = seen
        out['core'] = resource.getrlimit(resource.RLIMIT_CORE)
        """
    )
    assert out == {"much": "MemoryError", "little": "done", "thread": [1], "core": [0, 0]}


def test_cpu_time_runs_out_and_can_be_renewed_under_the_locks() -> None:
    script = (
        f"import sys; sys.path.insert(0, {SOURCE!r})\n"
        "from plainview.recognition import lockdown\n"
        "lockdown.lock(2**31)\n"
        "lockdown.renew_cpu_time(50)\n"
        "lockdown.renew_cpu_time(1)\n"
        "while True: pass"
    )
    done = subprocess.run([sys.executable, "-I", "-c", script], check=False, timeout=30)
    assert done.returncode == -signal.SIGXCPU


def test_a_stricter_limit_of_the_service_manager_stays() -> None:
    out = in_child(
        """
        resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
        resource.setrlimit(resource.RLIMIT_CPU, (9, 9))
        lockdown.lock(2**31)
        lockdown.renew_cpu_time(50)
        out['limits'] = [resource.getrlimit(resource.RLIMIT_AS), resource.getrlimit(resource.RLIMIT_CPU)]
        """
    )
    assert out == {"limits": [[2**30, 2**30], [9, 9]]}


def test_the_filter_lists_this_machine() -> None:
    # On another machine the resource limits still hold; this says that the tests above tested the filter.
    assert lockdown._filter_program() is not None


def test_an_unlisted_machine_does_without_the_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lockdown.platform, "machine", lambda: "abacus")
    assert lockdown._filter_program() is None


def test_a_child_whose_parent_is_already_gone_does_not_stay() -> None:
    code = f"import sys; sys.path.insert(0, {SOURCE!r}); from plainview.recognition import lockdown\n"
    code += "lockdown.die_with_parent(1 if __import__('os').getppid() != 1 else 2); print('stayed')"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, check=False, timeout=30)
    assert done.returncode == 0
    assert done.stdout == b""


# Name and number on x86_64 and aarch64: Linux 6.1, asm/unistd_64.h and asm-generic/unistd.h.
CALLS = """
    brk 12 214, clock_gettime 228 113, clock_nanosleep 230 115, close 3 57, exit 60 93, exit_group 231 94, fstat 5 80,
    futex 202 98, getrandom 318 278, getrusage 98 165, gettid 186 178, lseek 8 62, madvise 28 233, mmap 9 222,
    mprotect 10 226, mremap 25 216, munmap 11 215, nanosleep 35 101, read 0 63, restart_syscall 219 128, rseq 334 293,
    rt_sigaction 13 134, rt_sigprocmask 14 135, rt_sigreturn 15 139, sched_getaffinity 204 123, sched_yield 24 124,
    set_robust_list 273 99, sigaltstack 131 132, sysinfo 99 179, write 1 64
"""
CLONE, PRLIMIT, CLONE3 = (56, 220), (302, 261), 435
MACHINES = {"x86_64": 62 | 0xC0000000, "aarch64": 183 | 0xC0000000}  # linux/audit.h: EM_..., 64 bits, little-endian
KILLED, ALLOWED, NOT_PERMITTED, NOT_IMPLEMENTED = 0x80000000, 0x7FFF0000, 0x00050001, 0x00050026
"""linux/seccomp.h, with errno 1 and 38."""


def decided(program: bytes, machine: int, number: int, argument: int = 0) -> int:
    """Run a filter as the kernel does (linux/filter.h): struct seccomp_data in, the decision out."""
    data = struct.pack("=IIQ6Q", number, machine, 0, argument, *[0] * 5)
    held, at = 0, 0
    while True:
        code, if_true, if_false, operand = struct.unpack_from("=HBBI", program, 8 * at)
        at += 1
        if code == 0x20:  # BPF_LD | BPF_W | BPF_ABS
            (held,) = struct.unpack_from("=I", data, operand)
        elif code == 0x15:  # BPF_JMP | BPF_JEQ | BPF_K
            at += if_true if held == operand else if_false
        elif code == 0x45:  # BPF_JMP | BPF_JSET | BPF_K
            at += if_true if held & operand else if_false
        else:
            assert code == 0x06  # BPF_RET | BPF_K
            return operand


@pytest.mark.parametrize("name", MACHINES)
def test_the_filter_lets_through_the_listed_calls_and_no_other(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lockdown.platform, "machine", lambda: name)
    program, machine, column = lockdown._filter_program(), MACHINES[name], list(MACHINES).index(name)
    assert program is not None
    listed = {int(call.split()[1 + column]) for call in CALLS.split(",")}
    assert len(listed) == 30
    special = {CLONE[column], PRLIMIT[column], CLONE3}
    for number in set(range(1000)) - special:
        for argument in (0, 1, 0x10000):
            expected = ALLOWED if number in listed else NOT_PERMITTED
            assert decided(program, machine, number, argument) == expected, number
    for flags, expected in ((0x10000, ALLOWED), (0x3D0F00, ALLOWED), (0, NOT_PERMITTED), (0x1200011, NOT_PERMITTED)):
        assert decided(program, machine, CLONE[column], flags) == expected
    for pid, expected in ((0, ALLOWED), (1, NOT_PERMITTED), (0x10000, NOT_PERMITTED)):
        assert decided(program, machine, PRLIMIT[column], pid) == expected
    assert decided(program, machine, CLONE3, 0x10000) == NOT_IMPLEMENTED
    for other in {*MACHINES.values(), 0x40000003, 0} - {machine}:
        assert decided(program, other, min(listed)) == KILLED


def test_where_the_numbers_are_not_listed_there_is_no_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lockdown.platform, "machine", lambda: "riscv64")
    assert lockdown._filter_program() is None
    monkeypatch.setattr(lockdown.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(lockdown.sys, "maxsize", 2**31 - 1)  # a 32-bit interpreter makes other calls
    assert lockdown._filter_program() is None
    monkeypatch.setattr(lockdown.sys, "maxsize", 2**32)
    assert lockdown._filter_program() is not None


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> dict[object, object]:
    """What would be asked of the kernel, by limit and by option; nothing is closed in this process."""
    asked: dict[object, object] = {}
    monkeypatch.setattr(lockdown.resource, "setrlimit", lambda limit, both: asked.update({limit: both}))
    monkeypatch.setattr(lockdown, "_prctl", lambda option, *words: asked.update({f"prctl {option}": words}))
    return asked


@pytest.mark.parametrize(("hard", "memory"), [(resource.RLIM_INFINITY, 5000), (6000, 5000), (4000, 4000)])
def test_everything_is_given_up_and_no_limit_is_raised(
    monkeypatch: pytest.MonkeyPatch, closed: dict[object, object], hard: int, memory: int
) -> None:
    monkeypatch.setattr(lockdown.resource, "getrlimit", lambda limit: (1, hard))
    lockdown.lock(5000)
    limits = {limit: both for limit, both in closed.items() if isinstance(limit, int)}
    assert limits == {
        resource.RLIMIT_AS: (memory, memory),
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_FSIZE: (0, 0),
        resource.RLIMIT_NOFILE: (0, 0),
    }
    assert closed["prctl 38"] == (1,)  # linux/prctl.h: PR_SET_NO_NEW_PRIVS
    assert list(closed)[-1] == "prctl 22"  # PR_SET_SECCOMP


@pytest.mark.parametrize(("hard", "until"), [(resource.RLIM_INFINITY, 4 + 20), (24, 24), (23, 23)])
def test_the_time_of_a_picture_begins_after_what_was_used(
    monkeypatch: pytest.MonkeyPatch, closed: dict[object, object], hard: int, until: int
) -> None:
    used = types.SimpleNamespace(ru_utime=2.9, ru_stime=0.9)
    monkeypatch.setattr(lockdown.resource, "getrusage", lambda whose: used)
    monkeypatch.setattr(lockdown.resource, "getrlimit", lambda limit: (1, hard))
    lockdown.renew_cpu_time(20)
    assert closed == {resource.RLIMIT_CPU: (until, hard)}


def test_a_kernel_without_the_filter_does_without_it_and_any_other_error_is_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number, passes in ((errno.EINVAL, True), (errno.EPERM, False), (errno.ENOSYS, False)):

        def refused(*_: object, number: int = number) -> None:
            raise OSError(number, "no")

        monkeypatch.setattr(lockdown, "_prctl", refused)
        with nullcontext() if passes else pytest.raises(OSError, match="no"):
            lockdown._filter_system_calls()


def test_a_child_stays_with_its_own_parent_alone(monkeypatch: pytest.MonkeyPatch, closed: dict[object, object]) -> None:
    lockdown.die_with_parent(os.getppid())
    assert closed == {"prctl 1": (signal.SIGKILL,)}  # PR_SET_PDEATHSIG
    with pytest.raises(SystemExit) as left:
        lockdown.die_with_parent(os.getppid() + 1)
    assert left.value.code == 0


def test_the_address_space_is_that_of_this_process() -> None:
    """All of it, not what is in memory."""
    assert lockdown.address_space_in_use() == pytest.approx(psutil.Process().memory_info().vms, abs=2**25)


def test_what_the_kernel_refuses_is_an_error_with_its_number() -> None:
    with pytest.raises(OSError, match=r"prctl\(123456\)") as refused:
        lockdown._prctl(123456)
    assert refused.value.errno == errno.EINVAL
