"""The leak guard sees what it is for, and fails the test that leaks."""

from __future__ import annotations

import asyncio
import re
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="sockets are counted in /proc")
CONFTEST = Path(__file__).parent.parent / "conftest.py"
LEAKING = """
import asyncio, socket, threading, pytest

kept = []
release = threading.Event()

def test_clean():
    pass

def test_socket():
    kept.append(socket.socket())

def test_thread():
    threading.Thread(target=release.wait).start()

def test_task():
    async def leave_one():
        kept.append(asyncio.ensure_future(asyncio.Event().wait()))
    asyncio.run(leave_one())

@pytest.mark.leaks_allowed(reason="it says so")
def test_allowed():
    kept.append(socket.socket())

def test_end():
    release.set()
"""


@on_linux
def test_a_test_that_leaks_fails(tmp_path):
    shutil.copy(CONFTEST, tmp_path)
    (tmp_path / "test_leaking.py").write_text(LEAKING)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tmp_path]
    env = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    result = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, check=False)
    failed = set(re.findall(r"^ERROR .*::(\w+)", result.stdout, re.MULTILINE))
    assert failed == {"test_socket", "test_thread", "test_task"}, result.stdout + result.stderr


@on_linux
def test_an_open_socket_is_a_leak(leak_guard):
    with socket.socket():
        assert [leak for leak in leak_guard.leaks(set(), set()) if "socket:" in leak]
    assert not leak_guard.leaks_in_the_end(set(), set(threading.enumerate()))


def test_a_live_thread_is_a_leak(leak_guard):
    before = set(threading.enumerate())
    release = threading.Event()
    thread = threading.Thread(target=release.wait, name="left")
    thread.start()
    assert [leak for leak in leak_guard.leaks(set(), before) if "left" in leak]
    release.set()
    thread.join()
    assert not [leak for leak in leak_guard.leaks(set(), before) if "left" in leak]


def test_a_pending_task_is_a_leak(leak_guard):
    async def leave_one() -> None:
        asyncio.get_running_loop().create_task(asyncio.Event().wait(), name="left")

    asyncio.run(leave_one())
    assert "left" in str(leak_guard.pending_tasks)
    leak_guard.pending_tasks.clear()


def test_what_is_known_is_no_leak(leak_guard, monkeypatch):
    monkeypatch.setattr(leak_guard, "known_sockets", set())
    monkeypatch.setattr(leak_guard, "known_threads", set())
    with socket.socket():
        leak_guard.know()
        assert not leak_guard.leaks(set(), set())


@pytest.mark.anyio
async def test_an_anyio_test_leaves_nothing_by_itself(anyio_backend_name):
    assert anyio_backend_name in {"asyncio", "trio"}


@pytest.mark.asyncio
async def test_an_asyncio_test_leaves_nothing_by_itself():
    await asyncio.sleep(0)
