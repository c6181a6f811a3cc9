"""Two PostgreSQL servers of our own, one following the other without a commit's delay, each behind a wire; each
may be killed, stopped or have a full disk.  What was acknowledged they keep: the machine does not die."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from certmill import ROOT, alive  # noqa: E402
from wires import Wire  # noqa: E402

TOOL = os.path.join(ROOT, "tools", "pg-cluster")


def bindir():
    return sorted(f"/usr/lib/postgresql/{d}/bin" for d in os.listdir("/usr/lib/postgresql") if os.path.exists(f"/usr/lib/postgresql/{d}/bin/pg_ctl"))[-1]


def as_server(*words, **more):
    before = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    return subprocess.run([*before, *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=90, **more)


class Node:
    def __init__(self, number):
        self.dir = tempfile.mkdtemp(prefix=f"certmill-fault-pg{number}.", dir="/tmp")
        os.chmod(self.dir, 0o755)
        self.mounted = os.getuid() == 0 and subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1g,mode=755", "tmpfs", self.dir], check=False, stderr=subprocess.DEVNULL).returncode == 0
        self.data = os.path.join(self.dir, "data")
        self.filler = os.path.join(self.dir, "filler")
        self.port = None
        self.wire = None

    def ctl(self, *words):
        as_server(f"{bindir()}/pg_ctl", "-D", self.data, "-l", f"{self.data}/log", "-w", "-t", "30", *words, cwd=self.dir)

    def sql(self, text, database="postgres"):
        return subprocess.run(["psql", "-X", "-q", "-A", "-t", "-d", f"postgresql:///{database}?host={self.dir}&port={self.port}&user=certmill", "-c", text],
                              check=True, capture_output=True, text=True, timeout=60).stdout.strip()

    def set(self, name, value):
        self.sql(f"ALTER SYSTEM SET {name} = '{value}'")
        self.sql("SELECT pg_reload_conf()")

    def pid(self):
        try:
            with open(os.path.join(self.data, "postmaster.pid"), encoding="ascii") as f:
                pid = int(f.readline())
            return pid if alive(pid) else None
        except (OSError, ValueError):
            return None

    def kill(self):
        pid = self.pid()
        os.kill(pid, signal.SIGKILL)
        while alive(pid):
            time.sleep(0.01)
        return pid

    def back(self):
        end = time.monotonic() + 60
        while self.pid() is None:
            try:
                return self.ctl("start")    # not before the last process of the killed one has ended
            except subprocess.CalledProcessError:
                if time.monotonic() > end:
                    raise
            time.sleep(0.2)

    def close(self):
        if self.wire:
            self.wire.close()
        with contextlib.suppress(subprocess.SubprocessError, OSError):
            self.ctl("stop", "-m", "immediate")
        if self.mounted:
            subprocess.run(["umount", "-l", self.dir], check=False)
        shutil.rmtree(self.dir, ignore_errors=True)


class Cluster:
    def __init__(self):
        self.nodes = [Node(1), Node(2)]
        self.first = self.nodes[0]
        subprocess.run([TOOL, "start", self.first.dir], check=True, stdout=subprocess.DEVNULL, timeout=120)
        with open(os.path.join(self.first.dir, "uri-tcp"), encoding="utf8") as f:
            uri = f.read().strip()
        self.login = uri.split("//")[1].split("@")[0]
        self.first.port = int(uri.rsplit(":", 1)[1].split("/")[0])
        for name, value in (("synchronous_commit", "on"), ("max_wal_size", "128MB"), ("min_wal_size", "32MB"), ("wal_keep_size", "64MB")):
            self.first.set(name, value)
        self.first.wire = Wire(self.first.port)
        self.databases = 0
        try:
            self._follow(self.nodes[1])
        except BaseException:
            self.close()
            raise
        self.nodes[1].wire = Wire(self.nodes[1].port)

    @property
    def second(self):
        return self.nodes[1] if self.first is self.nodes[0] else self.nodes[0]

    def wires(self):
        return [n.wire for n in self.nodes]

    def _follow(self, node):
        """Makes a node anew, as a copy that follows the first."""
        first = self.first
        shutil.rmtree(node.data, ignore_errors=True)
        if os.getuid() == 0:
            shutil.chown(node.dir, "postgres")
        as_server(f"{bindir()}/pg_basebackup", "-h", first.dir, "-p", str(first.port), "-U", "certmill", "-D", node.data, "-R", "-c", "fast", "-X", "stream", cwd=node.dir)
        for attempt in range(5):
            if node.wire is None:
                with socket.create_server(("127.0.0.1", 0)) as s:
                    node.port = s.getsockname()[1]
            with open(os.path.join(node.data, "postgresql.auto.conf"), "a", encoding="utf8") as f:
                f.write(f"port = {node.port}\nunix_socket_directories = '{node.dir}'\nsynchronous_standby_names = ''\n")
            try:
                node.ctl("start")
                break
            except subprocess.CalledProcessError:       # somebody took the port, or a killed server still has it
                if attempt == 4:
                    raise
                time.sleep(1)
        end = time.monotonic() + 30
        while first.sql("SELECT COUNT(*) FROM pg_stat_replication WHERE state = 'streaming'") != "1":
            assert time.monotonic() < end, "the second server does not follow"
            time.sleep(0.1)
        first.set("synchronous_standby_names", "*")     # from here on a commit is on both

    def new_uri(self):
        """An empty database, through the wires."""
        self.databases += 1
        name = f"fault{self.databases}"
        self.first.sql(f"CREATE DATABASE {name}")
        hosts = ",".join(f"127.0.0.1:{n.wire.port}" for n in self.nodes)
        return f"postgresql://{self.login}@{hosts}/{name}?target_session_attrs=read-write"

    def fail_over(self):
        """The first is gone for good, the second takes over; a new one follows it."""
        lost, self.first = self.first, self.second
        pid = lost.kill()
        self.first.ctl("promote")
        return pid, lost

    def whole_again(self, lost):
        while lost.pid() is not None:
            time.sleep(0.05)
        end = time.monotonic() + 30
        while True:
            try:
                return self._follow(lost)
            except subprocess.CalledProcessError:
                if time.monotonic() > end:      # processes of the killed one may still hold its port
                    raise
                time.sleep(0.5)

    def close(self):
        for n in self.nodes:
            n.close()
