"""Pages are answered by a process beside the server, which ends with the server and is made again when it ends first.

Each test is a program of its own: the processes are made from one that has no threads, which the tests' own has.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from pathlib import Path

BEGINNING = """
import hashlib, io, json, os, signal, sys, time
from plainview.serving.interpreters import Interpreters

def pages(environ, start):
    path = environ["PATH_INFO"]
    if path == "/fails":
        raise ValueError("of the application")
    environ["plainview.seen"] = environ["plainview.given"] + 1
    start("206 Some", [("X-Process", str(os.getpid()))])
    if path == "/large":
        return [bytes([number]) * 300_000 for number in range(40)]
    if path == "/ends":
        os.kill(os.getpid(), signal.SIGKILL)
    return [environ["wsgi.input"].read(), b"page"]

def keep(parts):
    return io.BytesIO(b"".join(parts))

def get(path="/", beside=True, keep=keep):
    environ = {"PATH_INFO": path, "plainview.given": 1, "wsgi.input": io.BytesIO(b"its "), "wsgi.errors": sys.stderr}
    answer = interpreters.answer(environ, keep, beside=beside)
    return answer, int(dict(answer.headers)[b"x-process"])

interpreters = Interpreters(pages)
interpreters.make(1)
here = os.getpid()
"""


def run(rest: str) -> list[object]:
    """Return what the program printed as JSON, a line each."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", BEGINNING + rest], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_page_is_answered_beside_and_an_act_here() -> None:
    beside, act, number = run("""
answer, process = get()
print(json.dumps([answer.status, answer.notes, answer.body.read().decode(), process != here, answer.beside]))
answer, process = get(beside=False)
print(json.dumps([answer.status, answer.notes, answer.body.read().decode(), process == here, answer.beside]))
print(interpreters.number)
""")
    noted = {"plainview.given": 1, "plainview.seen": 2}
    assert beside == [206, noted, "page", True, True]
    assert act == [206, noted, "its page", True, False]
    assert number == 2


def test_a_large_answer_arrives_whole() -> None:
    assert run("""
whole = [hashlib.sha256(get("/large", beside)[0].body.read()).hexdigest() for beside in (True, False)]
print(json.dumps(whole[0] == whole[1]))
""") == [True]


def test_while_one_is_busy_the_other_answers() -> None:
    assert run("""
def waits(parts):
    first = next(iter(parts))
    inner.append([get()[1] == here, get(beside=False)[1] == here])
    return io.BytesIO(first)

inner = []
get("/large", keep=waits)
print(json.dumps(inner))
""") == [[[True, True]]]


def test_an_answer_that_cannot_be_kept_leaves_the_process_as_it_was() -> None:
    assert run("""
def full(parts):
    next(iter(parts))
    raise OSError("full")

first = get()[1]
for _ in range(5):
    try:
        get("/large", keep=full)
    except OSError as error:
        assert str(error) == "full"
print(json.dumps(get()[1] == first))
""") == [True]


def test_an_error_of_the_application_is_one_here_too() -> None:
    assert run("""
first = get()[1]
for _ in range(5):
    try:
        get("/fails")
    except RuntimeError as error:
        print(json.dumps(str(error)))
print(json.dumps(get()[1] == first))
""") == ["A page failed in the process that answered it."] * 5 + [True]


def test_a_process_that_ends_is_made_again_and_its_page_answered_here() -> None:
    answered, others = run("""
first = get()[1]
os.kill(first, signal.SIGKILL)
print(json.dumps([get()[1] == here for _ in range(2)]))
end = time.monotonic() + 30
while get()[1] in (here, first) and time.monotonic() < end:
    time.sleep(0.05)
again = get()[1]
print(json.dumps([again != here, again != first]))
""")
    assert answered == [True, True]
    assert others == [True, True]


def test_signals_of_a_terminal_do_not_end_it() -> None:
    assert run("""
first = get()[1]
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    os.kill(first, number)
print(json.dumps([get()[1] == first for _ in range(3)]))
""") == [[True, True, True]]


def test_all_end_with_the_server_however_it_ends() -> None:
    program = BEGINNING + "print(json.dumps([here, get()[1]]), flush=True)\ntime.sleep(60)\n"
    server = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    try:
        assert server.stdout is not None
        beside = json.loads(server.stdout.readline())[1]
        ends = os.pidfd_open(beside)
        server.kill()
        assert select.select([ends], [], [], 10)[0], "it still runs"
        os.close(ends)
        assert server.stdout.read() == b"", "the one that keeps it holds what the server wrote to"
    finally:
        server.kill()
        server.wait()
        if server.stdout is not None:
            server.stdout.close()


def test_what_the_server_has_open_is_closed_in_it(tmp_path: Path) -> None:
    """Its port and its lock are free as soon as it has ended."""
    program = f"lock = open({str(tmp_path / 'lock')!r}, 'w')\n" + BEGINNING
    program += "print(json.dumps(os.listdir('/proc/%d/fd' % get()[1]) != [] and sorted("
    program += "os.readlink('/proc/%d/fd/%s' % (get()[1], n)) for n in os.listdir('/proc/%d/fd' % get()[1]))))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert str(tmp_path / "lock") not in json.loads(done.stdout)


def test_with_threads_it_is_not_divided() -> None:
    assert run("""
import threading
other = Interpreters(pages)
threading.Thread(target=time.sleep, args=(1,), daemon=True).start()
other.make(1)
print(json.dumps(other.number))
""") == [1]
