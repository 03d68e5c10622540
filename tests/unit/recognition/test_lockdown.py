"""Every lock of the decoder's child, tried from inside a process that has closed it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

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
