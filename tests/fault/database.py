"""A PostgreSQL that is frozen, or whose disk is full: 503 with Retry-After, /readyz names the part, all goes on afterwards."""

import contextlib
import http.client
import json
import os
import signal
import ssl
import subprocess
import tempfile
import time

from certmill import PROGRAM, Client, Instance
from postgresql import Server, below

ROOM = "96m"


def ready(it):
    c = http.client.HTTPConnection("localhost", it.base + 81, timeout=60)
    with contextlib.closing(c):
        c.request("GET", "/readyz")
        r = c.getresponse()
        return r.status, json.loads(r.read())


def until(what, done, timeout_s=60):
    end = time.monotonic() + timeout_s
    while not done():
        assert time.monotonic() < end, f"{what}: not after {timeout_s} s"
        time.sleep(0.2)


def refused(c, method, path, body=None, key="-"):
    """503 with Retry-After."""
    tls = ssl.create_default_context(cafile=c.instance.demo["ca_bundle"])
    h = http.client.HTTPSConnection("localhost", c.instance.base + 443, context=tls, timeout=60)
    with contextlib.closing(h):
        h.request(method, "/api/v1" + path, json.dumps(body) if body else None,
                  {"Authorization": f"Bearer {c.user['token']}", "Content-Type": "application/json", "Idempotency-Key": key})
        r = h.getresponse()
        text = r.read()
    assert r.status == 503 and int(r.getheader("Retry-After") or 0) >= 1, (r.status, r.getheader("Retry-After"), text)


def whole(it, c, batch):
    b = c.settled(batch["id"], timeout_s=120)
    assert (b["succeeded"], b["failed"]) == (b["size"], 0), b
    subprocess.run([PROGRAM, "check", "--dir", it.dir], check=True, capture_output=True, timeout=120)


def freeze(server, how):
    """The server and all of its processes."""
    with open(os.path.join(server.dir, "data", "postmaster.pid"), encoding="ascii") as f:
        postmaster = int(f.readline())
    for pid in [postmaster, *below(postmaster)]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, how)


def frozen(checks, it, c, server, profile, size):
    with checks.step("the database server frozen in the middle of a batch: 503, then all goes on"):
        batch = c.patient("POST", "/batches", 201, body=c.form(profile, "frozen", size, 0x001A2B900000))
        freeze(server, signal.SIGSTOP)
        try:
            refused(c, "GET", "/batches")
            refused(c, "POST", "/batches", c.form(profile, "more", 10, 0x001A2B910000), "frozen-1")
            status, parts = ready(it)
            assert status == 503 and parts["store"] is False and parts["signer"] is True, (status, parts)
        finally:
            freeze(server, signal.SIGCONT)
        until("ready again", lambda: ready(it)[0] == 200)
        whole(it, c, batch)


def full(checks, it, c, server, profile, size, place):
    ballast = os.path.join(place, "ballast")
    with checks.step("the database server's disk full: 503, then all goes on"):
        with open(ballast, "wb") as f, contextlib.suppress(OSError):
            while True:
                f.write(bytes(1 << 16))
        try:
            refused(c, "POST", "/batches", c.form(profile, "full", size, 0x001A2B920000), "full-1")
            status, parts = ready(it)
            assert status == 503 and parts["store"] is True and parts["disk"] is False, (status, parts)
            c.request("GET", "/batches")
        finally:
            os.unlink(ballast)
        until("ready again", lambda: ready(it)[0] == 200)
        whole(it, c, c.patient("POST", "/batches", 201, body=c.form(profile, "full", size, 0x001A2B920000),
                               headers={"Idempotency-Key": "full-1"}))


@contextlib.contextmanager
def small_place():
    """A file system of its own for the tables; where none can be mounted, None."""
    place = tempfile.mkdtemp(prefix="certmill-small.", dir="/tmp")
    mounted = os.getuid() == 0 and subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", place],
                                                  capture_output=True).returncode == 0
    try:
        yield place if mounted else None
    finally:
        if mounted:
            subprocess.run(["umount", "-l", place], check=True)
        os.rmdir(place)


def check(checks, size):
    with small_place() as place, Server() as server:
        uri = server.database()
        if place:
            tables = os.path.join(place, "tables")
            os.makedirs(tables, mode=0o700)
            os.chmod(place, 0o755)
            subprocess.run(["chown", "postgres", tables], check=True)
            server.sql(f"CREATE TABLESPACE small LOCATION '{tables}'")
            name = uri.split("/")[3].split("?")[0]
            server.sql(f"ALTER DATABASE {name} SET TABLESPACE small")
        else:
            print("     no file system can be mounted here: the full disk is passed over")
        with Instance("--store", uri) as it:
            c = Client(it)
            profile = c.profiles()["ec"]
            frozen(checks, it, c, server, profile, size)
            if place:
                full(checks, it, c, server, profile, size, place)
