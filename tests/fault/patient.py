"""An instance that much can be done to: short leases, wires to its signer, disks and clocks of its own where they can
be had."""

import contextlib
import mmap
import os
import shutil
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from certmill import PROGRAM, Instance  # noqa: E402
from wires import Wire  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
LEASE_S = 3
KINDS = ("other", "web", "worker", "status", "signer", "nginx")     # as in clock.c
ROLES = ("worker", "status", "ops")


def sanitized():
    out = subprocess.run(["ldd", PROGRAM], capture_output=True, text=True, check=False).stdout
    return "libasan" in out or "libtsan" in out


class Clocks:
    """The clocks of an instance's processes, by kind."""

    def __init__(self, directory):
        self.library = os.path.join(directory, "clock.so")
        self.path = os.path.join(directory, "clocks")
        subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", self.library, os.path.join(HERE, "clock.c"), "-ldl"], check=True, timeout=60)
        with open(self.path, "wb") as f:
            f.write(bytes(16 * len(KINDS)))
        os.chmod(self.path, 0o666)
        with open(self.path, "r+b") as f:
            self.map = mmap.mmap(f.fileno(), 0)

    def environment(self):
        return {"LD_PRELOAD": self.library, "FAULT_CLOCKS": self.path}

    def set(self, seconds, kinds=KINDS):
        for k in kinds:
            struct.pack_into("q", self.map, 16 * KINDS.index(k), seconds)

    def reads(self):
        """How often each kind looked at its clock while it was wrong."""
        return {k: struct.unpack_from("Q", self.map, 16 * i + 8)[0] for i, k in enumerate(KINDS)}


class Patient(Instance):
    def __init__(self, cluster=None):
        super().__init__(*(["--store", cluster.new_uri()] if cluster else []))
        self.cluster = cluster
        self.clocks = None
        self.wires = {}
        self.mounts = []
        self.disk = self._mount(self.parent, "1g")

    def _mount(self, at, size):
        if os.getuid() != 0:
            return False
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs", at], check=False, stderr=subprocess.DEVNULL)
        if done.returncode == 0:
            self.mounts.append(at)
        return done.returncode == 0

    def _disk_of_its_own(self, name):
        """A directory of the instance becomes a file system."""
        at = os.path.join(self.dir, name)
        os.rename(at, at + ".was")
        os.mkdir(at, 0o700)
        assert self._mount(at, "1g")
        os.chmod(at, 0o700)
        shutil.copytree(at + ".was", at, symlinks=True, dirs_exist_ok=True)
        shutil.rmtree(at + ".was")

    def __enter__(self):
        try:
            self.start()
            self.stop()
            if self.disk:
                self._disk_of_its_own("signer/journal")
                if self.cluster is None:
                    self._disk_of_its_own("store")
            with open(os.path.join(self.dir, "certmill.conf"), "a", encoding="utf8") as f:
                f.write(f"\n[worker]\nprocesses = 2\nthreads = 2\nlease_s = {LEASE_S}\n[store]\nfree_min = 24M\n[signer]\n")
                for role in ROLES:
                    path = os.path.join(self.parent, f"wire-{role}")
                    self.wires[role] = Wire(os.path.join(self.dir, "run", f"signer-{role}.sock"), path)
                    f.write(f"{role}_socket = {path}\n")
            if not sanitized():
                self.clocks = Clocks(self.parent)
                self.env = self.clocks.environment()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.kill_all()
        for w in self.wires.values():
            w.close()
        for at in reversed(self.mounts):
            subprocess.run(["umount", "-l", at], check=False)
        shutil.rmtree(self.parent, ignore_errors=True)

    def place(self, name):
        """Where a disk is mounted: all, store, journal; the first PostgreSQL server's."""
        return {"all": self.parent, "journal": os.path.join(self.dir, "signer", "journal"),
                "store": os.path.join(self.dir, "store") if self.cluster is None else self.cluster.first.dir}[name]

    def fill(self, name, leave):
        """A file that leaves so many octets of a disk; how many are left."""
        where, at = self.place(name), 0
        with open(os.path.join(where, "filler"), "wb") as f:
            for step in (64 << 20, 1 << 20, 64 << 10, 4096):
                with contextlib.suppress(OSError):      # others write meanwhile: then with smaller steps
                    while True:
                        v = os.statvfs(where)
                        if v.f_bavail * v.f_frsize < leave + step:
                            break
                        os.posix_fallocate(f.fileno(), at, step)
                        at += step
        assert at > 0, "the disk cannot be filled"
        v = os.statvfs(where)
        return v.f_bavail * v.f_frsize

    def drain(self, name):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(self.place(name), "filler"))

    def signal(self, pids, number):
        hit = []
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
                hit.append(pid)
        return hit

    def has(self, need):
        return {"": True, "clock": self.clocks is not None, "disk": self.disk, "postgresql": self.cluster is not None,
                "postgresql disk": self.cluster is not None and self.cluster.first.mounted}[need]
