"""A demo instance and a small client of its API, on Python's standard library alone."""

import contextlib
import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import zipfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("CERTMILL_BUILD") or os.path.join(ROOT, "build"))
PROGRAM = os.path.join(BUILD, "certmill")
PASSWORD = "correct horse 9 battery"
RESTING = {"ready_for_download", "downloaded", "issued_partly", "failed", "rejected", "revoked", "expired"}


def port_base():
    """N with N+443, N+444, N+80 and N+81 free, below the range that outgoing connections take."""
    for _ in range(200):
        base = 11000 + random.randrange(2000) * 10
        with contextlib.ExitStack() as stack:
            try:
                for port in (80, 81, 443, 444):
                    s = stack.enter_context(socket.socket())
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    s.bind(("", base + port))
            except OSError:
                continue
            return base
    raise RuntimeError("no free ports")


class Instance:
    def __init__(self, *args):
        self.parent = tempfile.mkdtemp(prefix="demo.", dir=os.environ.get("WORK"))
        self.dir = os.path.join(self.parent, "instance")
        self.base = port_base()
        self.args = list(args)
        self.env = {}
        self.child = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill_all()
        shutil.rmtree(self.parent, ignore_errors=True)

    def log(self):
        with open(os.path.join(self.parent, "log"), encoding="utf8", errors="replace") as f:
            return f.read()

    def start(self, timeout_s=180):
        """Returns when the program printed `ready`, with the seconds that it took."""
        begin = time.monotonic()
        log = open(os.path.join(self.parent, "log"), "ab")
        self.child = subprocess.Popen(
            [PROGRAM, "demo", "--dir", self.dir, "--port-base", str(self.base), *self.args],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, cwd="/", text=True, start_new_session=True,
            env={**os.environ, **self.env})
        ready = threading.Event()

        def read():
            for line in self.child.stdout:
                if re.match(r"ready https://", line):
                    ready.set()

        threading.Thread(target=read, daemon=True).start()
        while not ready.wait(0.05):
            if self.child.poll() is not None:
                raise RuntimeError(f"certmill demo ended ({self.child.returncode})\n{self.log()[-2000:]}")
            if time.monotonic() - begin > timeout_s:
                self.kill_all()
                raise RuntimeError(f"not ready after {timeout_s} s\n{self.log()[-2000:]}")
        with open(os.path.join(self.dir, "demo.json"), encoding="utf8") as f:
            self.demo = json.load(f)
        return time.monotonic() - begin

    def stop(self, group=False):
        """SIGTERM, to the program or to its whole group; returns the seconds until all of it was gone."""
        begin = time.monotonic()
        family = self.family()
        if group:
            os.killpg(self.child.pid, signal.SIGTERM)
        else:
            self.child.terminate()
        try:
            self.child.wait(30)
        except subprocess.TimeoutExpired:
            self.kill_all()
            raise
        while any(alive(p) for p in family) and time.monotonic() - begin < 30:
            time.sleep(0.02)
        took = time.monotonic() - begin
        self.child = None
        return took

    def family(self):
        """Process ids below the program's, itself first."""
        parents = {}
        for name in os.listdir("/proc"):
            if name.isdigit():
                with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as f:
                    parents.setdefault(int(f.read().rsplit(b")", 1)[1].split()[1]), []).append(int(name))
        found = [self.child.pid] if self.child else []
        for pid in found:
            found += parents.get(pid, [])
        return found

    def children(self, kind):
        """Process ids of one kind: nginx, web, worker, status, signer."""
        found = []
        for pid in self.family()[1:]:
            with contextlib.suppress(OSError):
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    words = f.read().decode(errors="replace").split("\0")
                line = " ".join(words)
                is_kind = {
                    "nginx": line.startswith("nginx") or os.path.basename(words[0]) == "nginx",
                    "signer": os.path.basename(words[0]) == "certmill-signer",
                }.get(kind, "--only" in words and words[words.index("--only") + 1] == kind)
                if is_kind:
                    found.append(pid)
        return found

    def kill_all(self):
        """SIGKILL for everything at once."""
        if self.child is None:
            return
        family = self.family()
        for pid in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.child.wait()
        self.child = None
        end = time.monotonic() + 5
        while any(alive(p) for p in family) and time.monotonic() < end:
            time.sleep(0.02)

    def user(self, role, other=False):
        names = list(dict.fromkeys(u["organization"] for u in self.demo["users"] if u["role"] == "orderer"))
        for u in self.demo["users"]:
            if u["role"] == role and (role in ("operator", "auditor") or u["organization"] == names[1 if other else 0]):
                return u
        raise KeyError(role)


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", "rb") as f:
            return f.read().rsplit(b")", 1)[1].split()[0] != b"Z"
    except OSError:
        return False


class Refused(Exception):
    def __init__(self, status, body):
        super().__init__(f"{status}: {body[:600]!r}")
        self.status = status
        self.body = body


class Client:
    """One user by token.  Every call names the status that it expects."""

    def __init__(self, instance, role="orderer", other=False):
        self.instance = instance
        self.user = instance.user(role, other)
        self.tls = ssl.create_default_context(cafile=instance.demo["ca_bundle"])

    def request(self, method, path, expect=200, body=None, headers=None, timeout=60):
        c = http.client.HTTPSConnection("localhost", self.instance.base + 443, context=self.tls, timeout=timeout)
        try:
            send = {"Authorization": f"Bearer {self.user['token']}", "Accept": "application/json", **(headers or {})}
            if isinstance(body, (dict, list)):
                body = json.dumps(body)
                send["Content-Type"] = "application/json"
            c.request(method, "/api/v1" + path, body=body, headers=send)
            r = c.getresponse()
            data = r.read()
        finally:
            c.close()
        if r.status != expect:
            raise Refused(r.status, data)
        return json.loads(data) if "json" in (r.getheader("Content-Type") or "") else data

    def patient(self, method, path, expect=200, timeout_s=60, **more):
        """The same, again and again while the instance recovers from a kill."""
        end = time.monotonic() + timeout_s
        while True:
            try:
                return self.request(method, path, expect, **more)
            except Refused as e:
                if e.status not in (429, 502, 503, 504) or time.monotonic() > end:
                    raise
            except (OSError, http.client.HTTPException):
                if time.monotonic() > end:
                    raise
            time.sleep(0.1)

    def profiles(self):
        """rsa, ec and small, as the demo promises them."""
        found = {}
        for p in self.request("GET", "/profiles?limit=1000")["items"]:
            p = self.request("GET", f"/profiles/{p['id']}")
            if p["quota"] is None:
                continue
            if p["key"]["algorithm"] == "RSA" and p["key"]["size"] == 2048 and re.search(r"DOCSIS.?3\.1", p["name"]):
                found.setdefault("rsa", p)
            elif p["key"]["algorithm"] == "EC" and p["quota"]["allocated"] == 100:
                found["small"] = p
            elif p["key"]["algorithm"] == "EC" and p["key"]["size"] == 256 and p["quota"]["allocated"] >= 50000:
                found.setdefault("ec", p)
        return found

    def form(self, profile, name, size, first, **more):
        order = {"method": "form", "profile_id": profile["id"], "name": name, "size": size, "pkcs12_password": PASSWORD,
                 "inputs": {"mac_address": mac(first)}, **more}
        if size > 1:
            order["generator"] = {"input": "mac_address", "increment": 1}
        return order

    def upload(self, order, file, expect=201, name="devices.csv", kind="text/csv", query="", path="/batches"):
        boundary = f"certmill{random.getrandbits(64):x}"
        body = (f"--{boundary}\r\nContent-Disposition: form-data; name=\"order\"\r\nContent-Type: application/json\r\n\r\n"
                f"{json.dumps(order)}\r\n--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n"
                f"Content-Type: {kind}\r\n\r\n").encode() + file + f"\r\n--{boundary}--\r\n".encode()
        return self.request("POST", path + query, expect, body=body,
                            headers={"Content-Type": f"multipart/form-data; boundary={boundary}"}, timeout=300)

    def settled(self, batch_id, expect="ready_for_download", timeout_s=120):
        end = time.monotonic() + timeout_s
        while True:
            b = self.patient("GET", f"/batches/{batch_id}")
            if b["status"] in RESTING:
                if b["status"] != expect:
                    raise RuntimeError(f"batch {batch_id} is {b['status']}, not {expect}: {b}")
                return b
            if time.monotonic() > end:
                raise RuntimeError(f"batch {batch_id} is still {b['status']}: {b['succeeded']} of {b['size']}")
            time.sleep(0.1)

    def items(self, batch_id):
        rows, cursor = [], ""
        while cursor is not None:
            page = self.request("GET", f"/batches/{batch_id}/items?limit=1000" + (f"&cursor={cursor}" if cursor else ""))
            rows += page["items"]
            cursor = page["next_cursor"]
        return rows


def mac(number):
    return ":".join(re.findall("..", f"{number:012X}"))


class Checks:
    """Named checks, counted; a failed one does not stop the others."""

    def __init__(self):
        self.passed = self.failed = 0

    @contextlib.contextmanager
    def step(self, name):
        begin = time.monotonic()
        try:
            yield
        except Exception as e:  # noqa: BLE001: whatever broke, it is this step that failed
            self.failed += 1
            detail = ""
            if isinstance(e, subprocess.CalledProcessError):
                detail = "\n" + "\n".join(str(t if isinstance(t, str) else (t or b"").decode(errors="replace")) for t in (e.stdout, e.stderr) if t)
            print(f"FAIL {name}\n     {type(e).__name__}: {e}{detail[:1500]}", flush=True)
        else:
            self.passed += 1
            print(f"ok   {name} ({(time.monotonic() - begin) * 1000:.0f} ms)", flush=True)

    def done(self):
        print(f"{self.passed} passed, {self.failed} failed")
        sys.exit(1 if self.failed or not self.passed else 0)


def stop_on_signals():
    """SIGTERM and SIGHUP leave through the `with` statements, so that nothing stays behind."""
    def leave(number, _):
        sys.exit(128 + number)
    for s in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(s, leave)


def unzip(data, into):
    path = os.path.join(into, "batch.zip")
    with open(path, "wb") as f:
        f.write(data)
    with zipfile.ZipFile(path) as z:
        bad = z.testzip()
        if bad:
            raise RuntimeError(f"{bad} is damaged")
        z.extractall(into)
    return path
