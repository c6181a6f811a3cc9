"""Relying parties: OpenSSL, GnuTLS, NSS, Java and nginx ask about certificates, good, then revoked."""

import base64
import contextlib
import http.client
import os
import shutil
import random
import re
import socket
import subprocess
import time
import urllib.parse

from certmill import PASSWORD, ROOT, unzip

PEM = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n?", re.S)
CRL_TYPE = "application/pkix-crl"


def run(*words, expect=0, **more):
    r = subprocess.run(words, capture_output=True, text=True, errors="replace", timeout=120, **more)
    if expect is not None and r.returncode != expect:
        raise RuntimeError(f"{' '.join(words[:6])} ended with {r.returncode}, not {expect}\n{(r.stdout + r.stderr)[-1500:]}")
    return r.stdout + r.stderr


class Party:
    """What a relying party has at hand: the chain, as files, and the public address."""

    def __init__(self, instance, work, chain):
        self.url = instance.demo["public_url"]
        self.port = instance.base + 80
        self.work = work
        self.root, self.issuer = self.file("root.pem", chain[-1]), self.file("issuer.pem", chain[0])
        self.chain = self.file("chain.pem", "".join(chain))
        text = run("openssl", "x509", "-in", self.issuer, "-noout", "-ext", "subjectKeyIdentifier")
        self.ca = re.search(r"(?:[0-9A-F]{2}:){19}[0-9A-F]{2}", text)[0].replace(":", "").lower()
        self.above = []
        for n, c in enumerate(chain[1:]):
            text = run("openssl", "x509", "-in", self.file(f"above{n}.pem", c), "-noout", "-ext", "subjectKeyIdentifier")
            self.above.append(re.search(r"(?:[0-9A-F]{2}:){19}[0-9A-F]{2}", text)[0].replace(":", "").lower())

    def file(self, name, data):
        path = os.path.join(self.work, name)
        with open(path, "wb" if isinstance(data, bytes) else "w") as f:
            f.write(data)
        return path

    def get(self, path, headers=None, method="GET", body=None):
        c = http.client.HTTPConnection("localhost", self.port, timeout=20)
        try:
            c.putrequest(method, path, skip_accept_encoding=True)
            for name, value in (headers or {}).items():
                c.putheader(name, value)
            if body is not None:
                c.putheader("Content-Length", str(len(body)))
            c.endheaders(body)
            r = c.getresponse()
            return r.status, r.read(), r.headers
        finally:
            c.close()

    def ask(self, request, kind="application/ocsp-request"):
        status, body, headers = self.get("/ocsp", {"Content-Type": kind}, "POST", request)
        return status, body, headers

    def request(self, *leaves, more=("-no_nonce",)):
        path = os.path.join(self.work, "request.der")
        certs = [w for leaf in leaves for w in ("-cert", leaf)]
        run("openssl", "ocsp", "-issuer", self.issuer, *certs, *more, "-reqout", path)
        with open(path, "rb") as f:
            return f.read()

    def openssl(self, leaf, *more, digest="-sha256"):
        """What openssl ocsp says of it, and all that it printed."""
        text = run("openssl", "ocsp", digest, "-issuer", self.issuer, "-cert", leaf, "-url", self.url + "/ocsp", "-CAfile", self.chain, *more)
        assert "Response verify OK" in text, text
        found = re.search(re.escape(leaf) + r": (\w+)", text)
        assert found, text
        return found[1], text

    def lists(self):
        """The whole list of the issuing CA and those above it, as DER files."""
        paths = []
        for ca in [self.ca, *self.above]:
            status, body, headers = self.get(f"/crl/{ca}.crl")
            assert status == 200 and headers["Content-Type"] == CRL_TYPE, (status, headers.items())
            paths.append(self.file(f"{ca}.crl", body))
        return paths

    def crl_text(self, path):
        return run("openssl", "crl", "-inform", "DER", "-in", path, "-noout", "-text", "-CAfile", self.chain)


def serial_of(leaf):
    return run("openssl", "x509", "-in", leaf, "-noout", "-serial").strip().split("=")[1]


def revoked_in(text):
    return set(re.findall(r"Serial Number: ([0-9A-F]+)", text))


def until(what, seconds):
    begin = time.monotonic()
    while not what():
        if time.monotonic() - begin > seconds:
            raise RuntimeError(f"not within {seconds} s")
        time.sleep(0.05)
    return time.monotonic() - begin


def java(party, way, leaf, *sources):
    text = party.file("path.pem", open(leaf, encoding="ascii").read() + open(party.chain, encoding="ascii").read())
    return run("java", os.path.join(ROOT, "tests/java/CheckRevocation.java"), way, *sources, text)


def malformed(party, good):
    """Requests that are none: the error that RFC 6960 has for them, or a 4xx."""
    for bad in (b"", b"\0" * 100, os.urandom(300), good[:-1], good + b"\0", b"\x30\x80" + good[2:]):
        status, body, _ = party.ask(bad)
        assert (status == 200 and body == bytes.fromhex("30030a0101")) or 400 <= status < 500, (status, body[:20])
    for kind in ("text/plain", "application/json", "application/ocsp-response"):
        assert party.ask(good, kind)[0] == 415, kind
    assert party.ask(b"\0" * 20000)[0] == 413
    for path in ("/ocsp/", "/ocsp/%", "/ocsp/%zz", "/ocsp/AAAA", "/ocsp/" + "A" * 4000):
        status, body, _ = party.get(path)
        assert (status == 200 and body == bytes.fromhex("30030a0101")) or 400 <= status < 500, (path[:20], status, body[:20])
    for method, path in (("PUT", "/ocsp"), ("POST", f"/crl/{party.ca}.crl"), ("GET", "/crl/none.crl"), ("GET", f"/crl/{party.ca}/9.crl"),
                         ("GET", "/"), ("GET", "/api/v1/me"), ("GET", "/metrics")):
        assert 400 <= party.get(path, method=method)[0] < 500, path


def stranger(party):
    key, cert = os.path.join(party.work, "strange.key"), os.path.join(party.work, "strange.pem")
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-subj", "/CN=stranger",
        "-out", cert)
    path = os.path.join(party.work, "strange.der")
    run("openssl", "ocsp", "-issuer", cert, "-cert", cert, "-no_nonce", "-reqout", path)
    with open(path, "rb") as f:
        return f.read()


def check(checks, instance, orderer, revoker, work):
    """Devices of one batch: the first stays good, others are revoked."""
    with checks.step("status: devices are made"):
        profile = orderer.profiles()["ec"]
        batch = orderer.request("POST", "/batches", 201, body=orderer.form(profile, "relying parties", 6, 0x001A2B700000))["id"]
        orderer.settled(batch)
        archive = orderer.request("GET", f"/batches/{batch}/download")
        listed = orderer.request("GET", f"/certificates?batch_id={batch}&limit=100")["items"]
        serials = [c["serial_number"] for c in listed]
        leaves = []
        for n, s in enumerate(serials):
            leaves.append(os.path.join(work, f"device{n}.pem"))
            with open(leaves[-1], "wb") as f:
                f.write(orderer.request("GET", f"/certificates/{s}.pem"))
        ca = orderer.request("GET", f"/certificates/{serials[0]}")["ca_id"]
        c = http.client.HTTPConnection("localhost", instance.base + 80, timeout=20)
        c.request("GET", f"/ca/{ca}.p7c")
        r = c.getresponse()
        body = r.read()
        assert r.status == 200 and r.headers["Content-Type"].startswith("application/pkcs7-mime"), r.headers.items()
        bundle = os.path.join(work, "bundle.p7c")
        with open(bundle, "wb") as f:
            f.write(body)
        chain = in_order(PEM.findall(run("openssl", "pkcs7", "-inform", "DER", "-in", bundle, "-print_certs")), work)
        party = Party(instance, work, chain)
        assert party.ca == ca
    good, gone = leaves[0], leaves[1]
    with checks.step("status: /ca has the issuing CA as DER, cacheable"):
        status, body, headers = party.get(f"/ca/{ca}.cer")
        assert status == 200 and headers["Content-Type"] == "application/pkix-cert"
        assert PEM.findall(run("openssl", "x509", "-inform", "DER", "-in", party.file("ca.cer", body)))[0].strip() == open(party.issuer, encoding="ascii").read().strip()
        assert party.get(f"/ca/{ca}.cer", {"If-None-Match": headers["ETag"]})[0] == 304
    with checks.step("status: openssl ocsp says good: SHA-1, SHA-256, with and without nonce, by GET"):
        for digest in ("-sha1", "-sha256"):
            said, text = party.openssl(good, "-nonce", "-resp_text", digest=digest)
            assert said == "good" and "OCSP Nonce" in text and "no nonce" not in text, text
            said, text = party.openssl(good, "-no_nonce", "-resp_text", digest=digest)
            assert said == "good" and "OCSP Nonce" not in text, text
        request = party.request(good)
        path = "/ocsp/" + urllib.parse.quote(base64.b64encode(request).decode(), safe="")
        status, body, headers = party.get(path)
        assert status == 200 and headers["Content-Type"] == "application/ocsp-response", (status, headers.items())
        assert body == party.ask(request)[1], "the answer that is kept"
        assert re.match(r"max-age=[1-9]\d*, public", headers["Cache-Control"]) and headers["Last-Modified"] and headers["Expires"]
        assert party.get(path, {"If-None-Match": headers["ETag"]})[0] == 304
        assert party.get("/ocsp/" + base64.b64encode(request).decode())[1] == body, "slashes and plus as they are"
    with checks.step("status: several in one, a CA's own certificate, serials never issued, foreign issuers"):
        text = run("openssl", "ocsp", "-issuer", party.issuer, "-cert", good, "-cert", gone, "-serial", "0x6123", "-serial", "0x61234567890123456789012345678901",
                   "-url", party.url + "/ocsp", "-CAfile", party.chain)
        assert text.count(": good") == 2 and text.count(": unknown") == 2 and "verify OK" in text, text
        text = run("openssl", "ocsp", "-issuer", os.path.join(work, "above0.pem"), "-cert", party.issuer, "-url", party.url + "/ocsp", "-CAfile", party.chain)
        assert ": good" in text and "verify OK" in text, text
        # Of several CAs: no delegate may sign for more than one, and clients take no such answer.
        path = os.path.join(work, "mixed.der")
        run("openssl", "ocsp", "-issuer", party.issuer, "-cert", good, "-issuer", os.path.join(work, "above0.pem"), "-cert", party.issuer,
            "-no_nonce", "-reqout", path)
        with open(path, "rb") as f:
            status, body, _ = party.ask(f.read())
        assert status == 200 and body == bytes.fromhex("30030a0106"), body
        status, body, _ = party.ask(stranger(party))
        assert status == 200 and body == bytes.fromhex("30030a0106"), body
    with checks.step("status: malformed requests get OCSP's error or a 4xx"):
        malformed(party, request)
    with checks.step("status: ocsptool and Java's revocation checker say good"):
        text = run("ocsptool", f"--ask={party.url}/ocsp", "--load-issuer", party.issuer, "--load-cert", good, "--load-trust", party.chain)
        assert "Certificate Status: good" in text and "Verifying OCSP Response: Success" in text, text
        assert java(party, "ocsp", good, party.url + "/ocsp").strip() == "valid"
    with checks.step("status: an empty list exists for every CA; openssl, certtool and Java take it"):
        lists = party.lists()
        assert "verify OK" in party.crl_text(lists[0]) and not revoked_in(party.crl_text(lists[0])) & set(serials)
        pem = party.file("empty.crl.pem", run("openssl", "crl", "-inform", "DER", "-in", lists[0]))
        text = run("certtool", "--verify-crl", "--infile", pem, "--load-ca-certificate", party.issuer)
        assert "Verified" in text and "Not verified" not in text, text
        assert java(party, "crl", good, *lists).strip() == "valid"
    with checks.step("status: a revocation is in OCSP within 2 s"):
        party.openssl(gone, "-no_nonce")
        revoker.request("POST", "/certificates/revoke", body={"serial_numbers": [serials[1]], "reason": "key_compromise"})
        took = until(lambda: party.openssl(gone, "-no_nonce")[0] == "revoked", 2)
        print(f"     after {took:.2f} s")
        assert "Reason: keyCompromise" in party.openssl(gone)[1]
        assert party.openssl(good)[0] == "good"
    with checks.step("status: a revocation is in the list soon, under a higher number"):
        before = party.crl_text(lists[0])
        took = until(lambda: serials[1] in revoked_in(party.crl_text(party.lists()[0])), 30)
        print(f"     after {took:.1f} s")
        lists = party.lists()
        text = party.crl_text(lists[0])
        assert "ecdsa-with-SHA256" in text, "P-256 goes with SHA-256"
        number = [int(re.search(r"X509v3 CRL Number: \n\s+(\w+)", t)[1], 0) for t in (before, text)]
        assert number[1] > number[0] and "Key Compromise" in text and "verify OK" in text, (number, text[:400])
        assert serials[0] not in revoked_in(text)
        status, _, headers = party.get(f"/crl/{ca}.crl", {"Range": "bytes=0-9"})
        assert status == 206 and party.get(f"/crl/{ca}.crl", {"If-None-Match": headers["ETag"]})[0] == 304
        status, body, headers = party.get(f"/crl/{ca}.delta.crl")
        assert status == 200, status
        assert "Delta CRL Indicator" in run("openssl", "crl", "-inform", "DER", "-in", party.file("delta.crl", body), "-noout", "-text")
    with checks.step("status: openssl verify -crl_check_all takes the good one and refuses the other"):
        crls = [party.file(f"list{n}.pem", run("openssl", "crl", "-inform", "DER", "-in", p)) for n, p in enumerate(lists)]
        words = ["openssl", "verify", "-CAfile", party.root, "-untrusted", party.chain, "-crl_check_all"] + [w for p in crls for w in ("-CRLfile", p)]
        run(*words, good)
        assert "certificate revoked" in run(*words, gone, expect=2)
    with checks.step("status: ocsptool, certtool and Java refuse the revoked one"):
        text = run("ocsptool", f"--ask={party.url}/ocsp", "--load-issuer", party.issuer, "--load-cert", gone, "--load-trust", party.chain, expect=None)
        assert "Certificate Status: revoked" in text and "Verifying OCSP Response: Success" in text, text
        crl = party.file("all.crl.pem", "".join(open(p, encoding="ascii").read() for p in crls))
        text = run("certtool", "--verify", "--infile", gone, "--load-ca-certificate", party.chain, "--load-crl", crl, expect=None)
        assert "revoked" in text, text
        assert "REVOKED" in java(party, "ocsp", gone, party.url + "/ocsp")
        assert java(party, "crl", good, *lists).strip() == "valid"
        assert "REVOKED" in java(party, "crl", gone, *lists)
    with checks.step("status: nginx staples what is good only, and turns away a revoked client by list and by OCSP"):
        unzip(archive, work)
        devices = [device(party, os.path.join(work, n)) for n in sorted(os.listdir(work)) if n.endswith(".p12")]
        found = {serial_of(d[0]): d for d in devices}
        first, second = found[serials[0]], found[serials[1]]
        with Nginx(party, "nginx-good", first, crl) as web:
            assert web.staple() == "good"
            assert web.admits(1, first) and not web.admits(1, second)
            assert web.admits(2, first) and not web.admits(2, second)
        with Nginx(party, "nginx-revoked", second, crl) as web:
            web.refuses_to_staple()
    with checks.step("status: a table of addresses is tried dry, refused where a line is wrong, then revokes"):
        leaf = found[serials[2]][0]
        address = os.path.basename(leaf).split(".")[0]
        table = f"mac_address\r\n{address}\r\n".encode()
        wrong = table + b"02:00:00:00:00:99\r\n"
        said = revoker.upload({"reason": "superseded"}, table, 200, path="/certificates/revoke-list", query="?dry_run=true")
        assert said == {"dry_run": True, "lines": 1, "certificates": 1, "revoked": 1, "already_revoked": 0}, said
        revoker.upload({"reason": "superseded"}, wrong, 422, path="/certificates/revoke-list")
        assert party.openssl(leaf, "-no_nonce")[0] == "good"
        said = revoker.upload({"reason": "superseded", "invalid_since": "2026-01-02T03:04:05Z"}, table, 200, path="/certificates/revoke-list")
        assert said["revoked"] == 1, said
        until(lambda: party.openssl(leaf, "-no_nonce")[0] == "revoked", 2)
        until(lambda: serial_of(leaf) in revoked_in(party.crl_text(party.lists()[0])), 30)
        assert "Invalidity Date" in party.crl_text(party.lists()[0])
    with checks.step("status: NSS takes the list and refuses the revoked one"):
        nss(party, good, gone, lists, chain)
    return party


def in_order(chain, work):
    """From the one that issues devices up to the root."""
    def names(pem):
        path = os.path.join(work, "one.pem")
        with open(path, "w", encoding="ascii") as f:
            f.write(pem)
        text = run("openssl", "x509", "-in", path, "-noout", "-subject", "-issuer", "-nameopt", "RFC2253").splitlines()
        return text[0].split("=", 1)[1], text[1].split("=", 1)[1]

    by_subject = {names(c)[0]: (c, names(c)[1]) for c in chain}
    issuers = {i for s, (_, i) in by_subject.items() if s != i}
    at = next(s for s in by_subject if s not in issuers)
    found = []
    while not found or by_subject[at][0] != found[-1]:
        found.append(by_subject[at][0])
        at = by_subject[at][1]
    return found


def nss(party, good, gone, lists, chain):
    db = os.path.join(party.work, "nssdb")
    os.mkdir(db)
    where = ("-d", f"sql:{db}")
    run("certutil", "-N", *where, "--empty-password")
    for n, c in enumerate(reversed(chain)):
        run("certutil", "-A", *where, "-n", f"ca{n}", "-t", "CT,C,C" if n == 0 else ",,", "-a", "-i", party.file("nss.pem", c))
    for path in lists:
        run("crlutil", "-I", *where, "-t", "1", "-i", path)
    words = ("vfychain", *where, "-pp", "-g", "leaf", "-h", "testLocalInfoFirst", "-m", "crl", "-u", "1", "-a")
    text = run(*words, good, expect=None)
    assert "Chain is good" in text, text
    text = run(*words, gone, expect=None)
    assert "Chain is bad" in text and "revoked" in text.lower(), text


NGINX = """
{user}daemon off; pid {dir}/pid; error_log {dir}/error.log; events {{ worker_connections 64; }}
http {{
  access_log off; client_body_temp_path {dir}/1; proxy_temp_path {dir}/2; fastcgi_temp_path {dir}/3; uwsgi_temp_path {dir}/4; scgi_temp_path {dir}/5;
  ssl_certificate {dir}/server.pem; ssl_certificate_key {dir}/server.key;
  server {{
    listen 127.0.0.1:{ports[0]} ssl; ssl_stapling on; ssl_stapling_verify on; ssl_trusted_certificate {chain}; ssl_stapling_responder {ocsp};
    location / {{ return 200; }}
  }}
  server {{
    listen 127.0.0.1:{ports[1]} ssl; ssl_verify_client on; ssl_verify_depth 4; ssl_client_certificate {chain}; ssl_crl {crl};
    location / {{ return 200; }}
  }}
  server {{
    listen 127.0.0.1:{ports[2]} ssl; ssl_verify_client on; ssl_verify_depth 4; ssl_client_certificate {chain}; ssl_ocsp leaf; ssl_ocsp_responder {ocsp};
    location / {{ return 200; }}
  }}
}}
"""


class Nginx:
    """A web server whose own certificate, and whose clients', are devices'."""

    def __init__(self, party, name, server, crl):
        self.dir = os.path.join(party.work, name)
        os.mkdir(self.dir)
        self.ports = free_ports(3)
        for kind, source in zip(("pem", "key"), server):
            with open(source, encoding="ascii") as f, open(os.path.join(self.dir, f"server.{kind}"), "w", encoding="ascii") as out:
                out.write(f.read())
        with open(os.path.join(self.dir, "nginx.conf"), "w", encoding="ascii") as f:
            f.write(NGINX.format(user="user root;\n" if os.geteuid() == 0 else "", dir=self.dir, ports=self.ports, chain=party.chain, crl=crl,
                                 ocsp=f"http://127.0.0.1:{party.port}/ocsp"))

    def __enter__(self):
        # An ordinary user's PATH has no sbin.
        program = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
        self.child = subprocess.Popen([program, "-p", self.dir, "-c", os.path.join(self.dir, "nginx.conf"), "-e", os.path.join(self.dir, "error.log")],
                                      stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: reachable(self.ports[0]), 10)
        return self

    def __exit__(self, *_):
        self.child.terminate()
        self.child.wait(20)

    def staple(self):
        """The stapled answer; nginx fetches it behind the first handshake."""
        def ask():
            self.said = run("openssl", "s_client", "-connect", f"127.0.0.1:{self.ports[0]}", "-status", "-tls1_2", stdin=subprocess.DEVNULL, expect=None)
            return "OCSP Response Status: successful" in self.said
        until(ask, 10)
        return re.search(r"Cert Status: (\w+)", self.said)[1]

    def refuses_to_staple(self):
        """nginx staples nothing but good, and says why."""
        def told():
            run("openssl", "s_client", "-connect", f"127.0.0.1:{self.ports[0]}", "-status", "-tls1_2", stdin=subprocess.DEVNULL, expect=None)
            with open(os.path.join(self.dir, "error.log"), encoding="utf8", errors="replace") as f:
                return 'certificate status "revoked"' in f.read()
        until(told, 10)

    def admits(self, which, device):
        text = run("curl", "-sk", "-o", os.devnull, "-w", "%{http_code}", "--cert", device[0], "--key", device[1],
                   f"https://127.0.0.1:{self.ports[which]}/", expect=None)
        return text.strip() == "200"


def reachable(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def free_ports(n):
    found = []
    with contextlib.ExitStack() as stack:
        while len(found) < n:
            s = stack.enter_context(socket.socket())
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", random.randrange(10000, 30000)))
            except OSError:
                continue
            found.append(s.getsockname()[1])
    return found


def device(party, p12):
    """Certificate and key of a delivered file."""
    words = ("openssl", "pkcs12", "-in", p12, "-passin", f"pass:{PASSWORD}", "-nodes")
    name = os.path.basename(p12)
    key = party.file(name + ".key", run(*words, "-nocerts"))
    return party.file(name + ".pem", run(*words, "-clcerts", "-nokeys")), key
