"""What is done to an instance: a store behind a wire that can be cut, a clock that jumps, a disk that fills up,
processes that are killed or stand still."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from certmill import PROGRAM, ROOT, Instance, alive, port_base  # noqa: E402

LEASE_S = 3
FAKETIME = next((p for p in (f"/usr/lib/{m}-linux-gnu/faketime/libfaketimeMT.so.1" for m in ("x86_64", "aarch64")) if os.path.exists(p)), None)


class Wire:
    """TCP to the store, in this process: cut, silent, or losing the answer to a COMMIT."""

    def __init__(self, upstream_port):
        self.upstream = upstream_port
        self.whole = threading.Event()
        self.whole.set()
        self.lock = threading.Lock()
        self.lose = 0
        self.pairs = set()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            if not self.whole.is_set():
                near.close()
                continue
            try:
                far = socket.create_connection(("127.0.0.1", self.upstream), timeout=5)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            for s in (near, far):
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            pair = (near, far)
            with self.lock:
                self.pairs.add(pair)
            threading.Thread(target=self._pump, args=(pair, near, far, True), daemon=True).start()
            threading.Thread(target=self._pump, args=(pair, far, near, False), daemon=True).start()

    def _end(self, pair):
        with self.lock:
            self.pairs.discard(pair)
        for s in pair:
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)

    def _loses(self, data):
        """Whether this COMMIT is one whose answer gets lost."""
        if self.lose == 0 or b"COMMIT\0" not in data:
            return False
        with self.lock:
            if self.lose == 0:
                return False
            self.lose -= 1
            return True

    def _pump(self, pair, source, to, asks):
        with contextlib.suppress(OSError):
            while True:
                data = source.recv(65536)
                if not data:
                    break
                to.sendall(data)
                if asks and self._loses(data):
                    pair[0].close()
                    time.sleep(0.2)     # the server has it, and nobody hears what became of it
                    break
        self._end(pair)

    def cut(self):
        self.whole.clear()
        with self.lock:
            pairs = list(self.pairs)
        for pair in pairs:
            self._end(pair)

    def mend(self):
        self.whole.set()

    def close(self):
        self.cut()
        self.listener.close()


class Cluster:
    """A PostgreSQL of our own, that may be killed; what it acknowledged it keeps (the machine does not die)."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="certmill-fault-pg.", dir="/tmp")
        self.tool("start")
        with open(os.path.join(self.dir, "data", "postgresql.auto.conf"), "a", encoding="utf8") as f:
            f.write("synchronous_commit = on\n")
        with open(os.path.join(self.dir, "uri-tcp"), encoding="utf8") as f:
            self.uri = f.read().strip()
        self.port = int(self.uri.rsplit(":", 1)[1].split("/")[0])
        self.ctl("restart", "-m", "fast")
        self.wire = Wire(self.port)
        self.databases = 0

    def tool(self, word):
        subprocess.run([os.path.join(ROOT, "tools", "pg-cluster"), word, self.dir], check=True, stdout=subprocess.DEVNULL, timeout=120)

    def ctl(self, *words):
        bins = sorted(d for d in os.listdir("/usr/lib/postgresql") if os.path.exists(f"/usr/lib/postgresql/{d}/bin/pg_ctl"))
        as_server = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        subprocess.run([*as_server, f"/usr/lib/postgresql/{bins[-1]}/bin/pg_ctl", "-D", f"{self.dir}/data", "-l", f"{self.dir}/data/log", "-w", "-t", "30", *words],
                       check=True, cwd=self.dir, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)

    def new_uri(self):
        """An empty database, through the wire."""
        self.databases += 1
        name = f"fault{self.databases}"
        subprocess.run(["psql", "-q", "-d", self.uri, "-c", f"CREATE DATABASE {name}"], check=True, timeout=60)
        return f"{self.uri.rsplit('@', 1)[0]}@127.0.0.1:{self.wire.port}/{name}"

    def kill(self):
        with open(os.path.join(self.dir, "data", "postmaster.pid"), encoding="ascii") as f:
            pid = int(f.readline())
        os.kill(pid, signal.SIGKILL)
        while alive(pid):
            time.sleep(0.01)

    def back(self):
        end = time.monotonic() + 60
        while True:
            try:
                return self.ctl("start")    # not before the last server process of the killed one has ended
            except subprocess.CalledProcessError:
                if time.monotonic() > end:
                    raise
            time.sleep(0.2)

    def close(self):
        self.wire.close()
        subprocess.run([os.path.join(ROOT, "tools", "pg-cluster"), "stop", self.dir], check=False, timeout=60)
        shutil.rmtree(self.dir, ignore_errors=True)


def sanitized():
    out = subprocess.run(["ldd", PROGRAM], capture_output=True, text=True, check=False).stdout
    return "libasan" in out


class Patient(Instance):
    """An instance with short leases, two worker processes, a clock and a disk of its own where that can be had."""

    def __init__(self, cluster=None):
        super().__init__(*(["--store", cluster.new_uri()] if cluster else []))
        self.cluster = cluster
        self.clocked = FAKETIME is not None and not sanitized()
        self.disk = self._mount()
        self.filler = os.path.join(self.parent, "filler")

    def _mount(self):
        if os.getuid() != 0:
            return False
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1g,mode=755", "tmpfs", self.parent], check=False, stderr=subprocess.DEVNULL)
        return done.returncode == 0

    def __enter__(self):
        try:
            self.start()
            self.stop()
            with open(os.path.join(self.dir, "certmill.conf"), "a", encoding="utf8") as f:
                f.write(f"\n[worker]\nprocesses = 2\nthreads = 2\nlease_s = {LEASE_S}\n[store]\nfree_min = 24M\n")
            if self.clocked:
                self.set_clock("+0")
                self.env = {"LD_PRELOAD": FAKETIME, "FAKETIME_TIMESTAMP_FILE": os.path.join(self.dir, "clock"), "FAKETIME_NO_CACHE": "1",
                            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_DISABLE_SHM": "1"}
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.kill_all()
        if self.disk:
            subprocess.run(["umount", "-l", self.parent], check=False)
        shutil.rmtree(self.parent, ignore_errors=True)

    def set_clock(self, offset):
        path = os.path.join(self.dir, "clock")
        with open(path + ".new", "w", encoding="ascii") as f:
            f.write(offset + "\n")
        os.chmod(path + ".new", 0o644)
        os.rename(path + ".new", path)

    def fill(self, leave):
        """A file that leaves so many octets of the disk."""
        at = 0
        with open(self.filler, "wb") as f:
            for step in (64 << 20, 1 << 20, 64 << 10, 4096):
                with contextlib.suppress(OSError):      # others write meanwhile: then with smaller steps
                    while True:
                        v = os.statvfs(self.parent)
                        if v.f_bavail * v.f_frsize < leave + step:
                            break
                        os.posix_fallocate(f.fileno(), at, step)
                        at += step
        assert at > 0, "the disk cannot be filled"

    def drain(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.filler)

    def signal(self, pids, number):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


# ---- the faults: a name, what it needs, what it does; each returns when it is over ----

def kill(kind):
    def fault(it, dice):
        it.signal(it.children(kind), signal.SIGKILL)
    return fault


def kill_all(it, dice):
    it.kill_all()
    time.sleep(dice.uniform(0, 0.3))
    it.start(60)


def kill_again(it, dice):
    for _ in range(4):
        it.signal(it.children("worker") + it.children("signer"), signal.SIGKILL)
        time.sleep(dice.uniform(0.2, 0.5))


def freeze(kind, least_s, most_s, one=False):
    def fault(it, dice):
        pids = it.children(kind)[:1 if one else None]
        it.signal(pids, signal.SIGSTOP)
        time.sleep(dice.uniform(least_s, most_s))
        it.signal(pids, signal.SIGCONT)
    return fault


def jump(offset):
    def fault(it, dice):
        it.set_clock(offset)
        time.sleep(dice.uniform(0.2, 2))
        it.set_clock("+0")
    return fault


def jump_and_kill(it, dice):
    """What was leased by a clock a day ahead is in nobody's hands when the clock is right again."""
    it.set_clock("+1d")
    time.sleep(dice.uniform(0.2, 0.6))
    it.signal(it.children("worker"), signal.SIGKILL)
    it.set_clock("+0")


def full(it, dice):
    it.fill(dice.choice((0, 4096, 1 << 20)))
    time.sleep(dice.uniform(0.3, 2))
    it.drain()


def full_and_kill(it, dice):
    it.fill(0)
    time.sleep(dice.uniform(0.1, 0.8))
    it.signal(it.children(dice.choice(("worker", "signer", "web"))), signal.SIGKILL)
    time.sleep(dice.uniform(0.1, 0.8))
    it.drain()


def cut(it, dice):
    it.cluster.wire.cut()
    time.sleep(dice.uniform(0.1, 2.5))
    it.cluster.wire.mend()


def lose_commits(it, dice):
    it.cluster.wire.lose = dice.randrange(1, 9)
    time.sleep(2)
    it.cluster.wire.lose = 0


def kill_store(it, dice):
    it.cluster.kill()
    time.sleep(dice.uniform(0, 1))
    it.cluster.back()


def restart_store(it, dice):
    it.cluster.ctl("restart", "-m", dice.choice(("immediate", "fast")))


FAULTS = [
    ("web killed", "", kill("web")),
    ("workers killed", "", kill("worker")),
    ("signer killed", "", kill("signer")),
    ("nginx killed", "", kill("nginx")),
    ("status killed", "", kill("status")),
    ("everything killed", "", kill_all),
    ("workers and signer killed again and again", "", kill_again),
    ("a worker stands still past its lease", "", freeze("worker", LEASE_S + 1.2, LEASE_S + 3, one=True)),
    ("all workers stand still past their leases", "", freeze("worker", LEASE_S + 1.2, LEASE_S + 2)),
    ("the signer answers late", "", freeze("signer", 0.5, LEASE_S + 2.5)),
    ("the web stands still", "", freeze("web", 0.3, 3)),
    ("the clock jumps a day ahead and back", "clock", jump("+1d")),
    ("the clock jumps a day back and ahead", "clock", jump("-1d")),
    ("the clock is set back a day under dead workers", "clock", jump_and_kill),
    ("the disk is full", "disk", full),
    ("the disk is full, and something dies", "disk", full_and_kill),
    ("the wire to the store is cut", "wire", cut),
    ("answers to COMMIT are lost", "wire", lose_commits),
    ("the store is killed", "wire", kill_store),
    ("the store is started again", "wire", restart_store),
]
