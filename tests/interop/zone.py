"""Status in another zone: a second status process that only reads the store, beside a signer that has only delegates."""

import contextlib
import copy
import glob
import os
import random
import re
import shutil
import socket
import subprocess
import time

from certmill import BUILD, PROGRAM, alive
from status import run, until

SIGNER = os.path.join(BUILD, "certmill-signer")
TRY_LATER, MALFORMED = bytes.fromhex("30030a0103"), bytes.fromhex("30030a0101")
BAD = 100_000


class Zone:
    """`serve --only status` and `serve --only signer` with a configuration of their own."""

    def __init__(self, instance, work):
        self.instance = instance
        self.dir = os.path.join(work, "zone")
        self.port = instance.base + 85
        self.conf = os.path.join(self.dir, "certmill.conf")
        self.children = {}
        os.mkdir(self.dir)
        self.run("certmill-signer", "init", "--dir", self.path("signer"), "--run", self.path("run"), "--public-url", instance.demo["public_url"],
                 "--operator", os.path.join(instance.dir, "signer", "operators", "1.pem"))
        for path in glob.glob(os.path.join(instance.dir, "signer", "ca", "*.pem")):
            shutil.copy(path, self.path("signer", "ca"))
        with open(self.conf, "w", encoding="ascii") as f:
            f.write(f"[instance]\nhost_name = localhost\n[store]\nuri = sqlite:{instance.dir}/store/certmill.db\n[web]\nrun = no\n"
                    f"[worker]\nprocesses = 0\n[nginx]\nmanaged = no\n[status]\npublish = no\nlisten = 127.0.0.1:{self.port}\n")

    def path(self, *names):
        return os.path.join(self.dir, *names)

    @staticmethod
    def run(program, *words):
        return run(SIGNER if program == "certmill-signer" else PROGRAM, *words)

    def start(self, kind):
        log = open(self.path("log"), "ab")
        self.children[kind] = subprocess.Popen([PROGRAM, "serve", "--only", kind, "--config", self.conf], stderr=log, stdout=log,
                                               stdin=subprocess.DEVNULL, cwd="/")
        ready = self.path("run", "signer-status.sock" if kind == "signer" else "status-ops.sock")
        until(lambda: self.connects(ready), 20)

    @staticmethod
    def connects(path):
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as s:
            s.connect(path)
            return True
        return False

    def kill(self, kind):
        child = self.children.pop(kind)
        child.kill()
        child.wait()

    def log(self):
        with open(self.path("log"), encoding="utf8", errors="replace") as f:
            return f.read()

    def metric(self, name):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(self.path("run", "status-ops.sock"))
            s.sendall(b"GET /metrics/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            text = b""
            while block := s.recv(65536):
                text += block
        found = re.search(rf"^certmill_{re.escape(name)} (\d+)$", text.decode(), re.M)
        assert found, (name, text)
        return int(found[1])

    def bring_delegates(self):
        """As an operator carries them: three commands, two files."""
        ours, theirs = self.path("run", "signer-status.sock"), os.path.join(self.instance.dir, "run", "signer-ops.sock")
        asked, given = self.path("requests.json"), self.path("certificates.json")
        self.run("certmill", "delegate", "request", "--signer", ours, "--out", asked)
        self.run("certmill", "delegate", "certify", "--signer", theirs, "--in", asked, "--out", given)
        return self.run("certmill", "delegate", "install", "--signer", ours, "--in", given)

    def rss_kib(self):
        with open(f"/proc/{self.children['status'].pid}/status", encoding="ascii") as f:
            return int(re.search(r"VmRSS:\s+(\d+)", f.read())[1])

    def store_files(self):
        """Flags of the store's files that the status process has open."""
        pid, found = self.children["status"].pid, {}
        for fd in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                name = os.readlink(f"/proc/{pid}/fd/{fd}")
                if "/store/certmill.db" in name:
                    with open(f"/proc/{pid}/fdinfo/{fd}", encoding="ascii") as f:
                        found.setdefault(os.path.basename(name), set()).add(int(re.search(r"flags:\s+(\d+)", f.read())[1], 8) & 3)
        return found


def believe(instance, certificate):
    """The signer with the keys takes requests of that responder from its next start on."""
    path = os.path.join(instance.dir, "signer", "signer.conf")
    with open(path, encoding="utf8") as f:
        text = f.read()
    with open(path, "w", encoding="utf8") as f:
        f.write(text.replace("[ocsp]\n", f"[ocsp]\nresponder = {certificate}\n"))
    (pid,) = instance.children("signer")
    os.kill(pid, 15)
    until(lambda: instance.children("signer") not in ([], [pid]) and not alive(pid), 20)
    until(lambda: Zone.connects(os.path.join(instance.dir, "run", "signer-ops.sock")), 20)


def bad_request(rng, good, k):
    """A wrong request of one of several kinds, as octets on the wire."""
    body, kind, path = good, "application/ocsp-request", "/ocsp"
    if k % 5 == 0:
        body = rng.randbytes(rng.randrange(1, 300))
    elif k % 5 == 1:
        body = good[:rng.randrange(1, len(good))]
    elif k % 5 == 2:
        kind = rng.choice(("text/plain", "application/json", "application/ocsp-response"))
    elif k % 5 == 3:		# a nonce of 129 octets
        tbs = good[2:]
        nonce = bytes.fromhex("a281963081933081900606") + b"+" + rng.randbytes(139)
        body = b"\x30\x82" + (len(tbs) + len(nonce)).to_bytes(2, "big") + tbs + nonce
    else:
        path = "/ocsp/" + "".join(rng.choice("ABCdef0123+/=%") for _ in range(rng.randrange(1, 200)))
        return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    return f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def ask_badly(port, good, n, seed):
    """n wrong requests, one behind the other; how often each kind of answer came."""
    rng, found, left = random.Random(seed), {}, n
    while left > 0:
        with socket.create_connection(("127.0.0.1", port), 20) as s:
            s.settimeout(20)
            f = s.makefile("rb")
            for _ in range(min(left, 2_000)):
                s.sendall(bad_request(rng, good, left))
                left -= 1
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    line = f.readline()
                    assert line, (head, left)
                    head += line
                length = re.search(rb"content-length: (\d+)", head, re.I)
                body = f.read(int(length[1])) if length else b""
                status = int(head[9:12])
                assert status >= 400 or body == MALFORMED, (status, body[:40])
                found[status] = found.get(status, 0) + 1
                if b"connection: close" in head.lower():
                    break
    return found


def check(checks, instance, party, revoker, leaves, serials, work):
    """leaves and serials: three devices that are good; the last is asked about by nobody before the signer is down."""
    zone = Zone(instance, work)
    there = copy.copy(party)
    there.port, there.url = zone.port, f"http://127.0.0.1:{zone.port}"
    try:
        with checks.step("zone: delegates are asked for, certified elsewhere and brought back"):
            believe(instance, zone.path("signer", "responder.pem"))
            zone.start("signer")
            assert not glob.glob(zone.path("signer", "ca", "*.key")), "no CA key here"
            assert re.match(r"[1-9]\d* delegates", zone.bring_delegates())
        with checks.step("zone: openssl ocsp says good by the delegate of a CA whose key is elsewhere"):
            zone.start("status")
            for more in (("-nonce",), ("-no_nonce",)):
                said, text = there.openssl(leaves[0], "-resp_text", *more)
                assert said == "good", text
            ids = [re.search(r"Responder Id: (\S+)", p.openssl(leaves[0], "-resp_text")[1])[1] for p in (party, there)]
            assert ids[0] != ids[1], "each zone has a delegate of its own"
        with checks.step("zone: the store is open for reading alone"):
            files = zone.store_files()
            assert files.get("certmill.db") == {os.O_RDONLY}, files
        with checks.step("zone: a revocation is seen within 2 s by both status processes"):
            for p in (party, there):
                assert p.openssl(leaves[1], "-no_nonce")[0] == "good"
            revoker.request("POST", "/certificates/revoke", body={"serial_numbers": [serials[1]], "reason": "superseded"})
            begin = time.monotonic()
            for p in (party, there):
                until(lambda p=p: p.openssl(leaves[1], "-no_nonce")[0] == "revoked", 2 - (time.monotonic() - begin))
        good = there.request(leaves[0])
        with checks.step("zone: figures of the responder"):
            assert zone.metric('ocsp_requests_total{outcome="signed"}') >= 2 and zone.metric("status_signer_up") == 1
            before = zone.metric('ocsp_requests_total{outcome="ready"}')
            there.ask(good)
            there.ask(good)
            assert zone.metric('ocsp_requests_total{outcome="ready"}') > before and zone.metric("ocsp_cache_answers") >= 1
        with checks.step(f"zone: {BAD:,} bad requests leave memory and log as they were"):
            ask_badly(zone.port, good, 30_000, 1)		# as many connections as linger at once
            rss, lines = zone.rss_kib(), zone.log().count("\n")
            found = ask_badly(zone.port, good, BAD, 2)
            assert sum(found.values()) == BAD and found.get(200, 0) > BAD / 3 and found.get(415, 0) > BAD / 10, found
            for _ in range(50):		# too large: refused before it is read
                with socket.create_connection(("127.0.0.1", zone.port), 20) as s:
                    s.sendall(b"POST /ocsp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/ocsp-request\r\nContent-Length: 400000000\r\n\r\n")
                    assert s.recv(100).startswith(b"HTTP/1.1 413")
            grown, written = zone.rss_kib() - rss, zone.log().count("\n") - lines
            print(f"     {grown} KiB, {written} lines")
            # What lingers at once varies with the load; a leak of 200 octets a request would show.
            assert grown < 16384, f"{grown} KiB"
            assert written < 100, f"{written} lines"
            assert zone.metric('ocsp_requests_total{outcome="malformed"}') > BAD / 3
            assert there.openssl(leaves[0], "-no_nonce")[0] == "good"
        with checks.step("zone: without its signer it answers what it has, and says tryLater to the rest"):
            kept = there.ask(good)[1]
            zone.kill("signer")
            assert there.ask(good)[1] == kept
            assert there.ask(there.request(leaves[2]))[1] == TRY_LATER
            assert zone.metric("status_signer_up") == 0 and there.ask(good)[1] == kept
            zone.start("signer")
            until(lambda: there.ask(there.request(leaves[2]))[1] != TRY_LATER, 10)
            assert there.openssl(leaves[2], "-no_nonce")[0] == "good" and zone.metric("status_signer_up") == 1
    finally:
        for kind in list(zone.children):
            zone.kill(kind)
