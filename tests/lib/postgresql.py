"""A throw-away PostgreSQL for measurements: its processes, their CPU, its write-ahead log."""

import contextlib
import glob
import os
import subprocess
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def cpu_of(pids):
    """User and system seconds of all their threads."""
    total = 0
    for pid in pids:
        for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
            with contextlib.suppress(OSError), open(path, encoding="ascii") as f:
                total += int(f.read().split()[0])
    return total / 1e9


def below(parent):
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as f:
                if int(f.read().rsplit(b")", 1)[1].split()[1]) == parent:
                    found.append(int(name))
    return found


class Server:
    def __init__(self, durable=False):
        """Durable: commits are on the disk before they are answered, as where it counts."""
        self.tool = os.path.join(ROOT, "tools", "pg-cluster")
        self.dir = tempfile.mkdtemp(prefix="certmill-pg.", dir="/tmp")
        self.uri = subprocess.run([self.tool, "start", self.dir], check=True, capture_output=True, text=True,
                                  env={**os.environ, "CERTMILL_PG_DURABLE": "1" if durable else ""}).stdout.strip()
        self.databases = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def sql(self, statement, uri=None):
        r = subprocess.run(["psql", "-XAtq", uri or self.uri, "-c", statement], check=True, capture_output=True, text=True)
        return r.stdout.strip()

    def database(self):
        self.databases += 1
        name = f"m{self.databases}"
        self.sql(f"CREATE DATABASE {name}")
        return self.uri.replace("/postgres?", f"/{name}?")

    def pids(self):
        with open(os.path.join(self.dir, "data", "postmaster.pid"), encoding="ascii") as f:
            return below(int(f.readline()))

    def cpu(self):
        return cpu_of(self.pids())

    def wal(self):
        return int(self.sql("SELECT CAST(pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') AS BIGINT)"))

    def stop(self):
        subprocess.run([self.tool, "stop", self.dir], check=True)
