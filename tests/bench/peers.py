"""Other people's programs at the same task."""

import io
import json
import os
import re
import resource
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.request
import zipfile

from common import Settings, cpu_seconds

CA_CONF = """[ca]
default_ca = d
[d]
dir = .
database = index.txt
new_certs_dir = new
certificate = ca.pem
private_key = ca.key
default_md = sha256
default_days = 825
policy = p
unique_subject = no
rand_serial = yes
email_in_dn = no
x509_extensions = device
[p]
commonName = supplied
[device]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
crlDistributionPoints = URI:http://ca.example/ca.crl
authorityInfoAccess = OCSP;URI:http://ca.example/ocsp
"""
SCHEMA = """
CREATE TABLE certificates (serial_number blob NOT NULL, authority_key_identifier blob NOT NULL, ca_label blob,
 status blob NOT NULL, reason int, expiry timestamp, revoked_at timestamp, pem blob NOT NULL,
 PRIMARY KEY (serial_number, authority_key_identifier));
CREATE TABLE ocsp_responses (serial_number blob NOT NULL, authority_key_identifier blob NOT NULL, body blob NOT NULL,
 expiry timestamp, PRIMARY KEY (serial_number, authority_key_identifier));
"""


def requests_of(path, n):
    with open(path, encoding="ascii") as f:
        return re.findall(r"-----BEGIN.*?-----END[^\n]*\n", f.read(), re.S)[:n]


def ca_make(folder):
    run = lambda *w: subprocess.run(w, cwd=folder, check=True, capture_output=True)  # noqa: E731
    run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "ca.key")
    run("openssl", "req", "-x509", "-new", "-key", "ca.key", "-subj", "/CN=Device CA", "-days", "3650", "-out", "ca.pem")


def openssl_ca(path, n):
    """n requests in one process of `openssl ca -batch`."""
    with tempfile.TemporaryDirectory(dir=Settings.work) as d:
        ca_make(d)
        os.mkdir(os.path.join(d, "new"))
        open(os.path.join(d, "index.txt"), "w", encoding="ascii").close()
        with open(os.path.join(d, "ca.conf"), "w", encoding="ascii") as f:
            f.write(CA_CONF)
        names = []
        for k, text in enumerate(requests_of(path, n)):
            names.append(f"{k}.csr")
            with open(os.path.join(d, names[-1]), "w", encoding="ascii") as f:
                f.write(text)
        before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        subprocess.run(["openssl", "ca", "-config", "ca.conf", "-batch", "-notext", "-out", os.devnull, "-infiles", *names],
                       cwd=d, check=True, capture_output=True)
        took, after = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
        return {"n": len(names), "wall_s": took,
                "cpu_s": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime}


def cfssl(path, n):
    """n requests by `cfssl serve` with SQLite, CPU seconds of the server; None where it is not installed."""
    if shutil.which("cfssl") is None or shutil.which("sqlite3") is None:
        return None
    with tempfile.TemporaryDirectory(dir=Settings.work) as d:
        ca_make(d)
        subprocess.run(["sqlite3", "c.db"], input=SCHEMA, text=True, cwd=d, check=True)
        for name, value in (("db.json", {"driver": "sqlite3", "data_source": os.path.join(d, "c.db")}),
                            ("conf.json", {"signing": {"default": {"expiry": "19800h", "usages": [
                                "digital signature", "client auth"], "crl_url": "http://ca.example/ca.crl",
                                "ocsp_url": "http://ca.example/ocsp"}}})):
            with open(os.path.join(d, name), "w", encoding="ascii") as f:
                json.dump(value, f)
        port = (Settings.port_base or 18000) + 881
        server = subprocess.Popen(["cfssl", "serve", "-address", "127.0.0.1", "-port", str(port), "-ca", "ca.pem", "-ca-key",
                                   "ca.key", "-config", "conf.json", "-db-config", "db.json"], cwd=d,
                                  env={**os.environ, "GOMAXPROCS": "1"}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            return [cfssl_run(server.pid, port, requests_of(path, n)) for _ in range(4)][1:]
        except OSError:
            return None
        finally:
            server.kill()
            server.wait()


def cfssl_run(pid, port, texts):
    def ask(text):
        body = json.dumps({"certificate_request": text}).encode()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/cfssl/sign", body, timeout=30) as r:
            if not json.load(r)["success"]:
                raise RuntimeError("cfssl refused")

    for _ in range(100):
        try:
            ask(texts[0])
            break
        except OSError:
            time.sleep(0.05)
    cpu, begin = cpu_seconds([pid]), time.monotonic()
    half = len(texts) // 2
    threads = [threading.Thread(target=lambda part=part: [ask(t) for t in part]) for part in (texts[:half], texts[half:])]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return {"n": len(texts), "wall_s": time.monotonic() - begin, "cpu_s": cpu_seconds([pid]) - cpu}


def open_p12(client, batch_id, password):
    """One file of a batch in the hands of readers; what each needed."""
    answer = client.send("GET", f"/batches/{batch_id}/download")
    with zipfile.ZipFile(io.BytesIO(answer.read())) as z:
        name = next(n for n in z.namelist() if n.endswith(".p12"))
        path = os.path.join(Settings.work, "one.p12")
        with open(path, "wb") as f:
            f.write(z.read(name))
    said = []
    for reader, words in (
            ("openssl", ["openssl", "pkcs12", "-in", path, "-passin", f"pass:{password}", "-nodes"]),
            ("certtool", ["certtool", "--inder", "--p12-info", "--infile", path, "--password", password]),
            ("keytool", ["keytool", "-list", "-keystore", path, "-storetype", "PKCS12", "-storepass", password])):
        if shutil.which(words[0]) is None:
            continue
        begin = time.monotonic()
        subprocess.run(words, check=True, capture_output=True)
        said.append(f"{reader} {time.monotonic() - begin:.2f} s")
    os.unlink(path)
    return ", ".join(said)


def openssl_gencrl(n, runs):
    """Lists of n entries by `openssl ca -gencrl`, from an index of its own form."""
    with tempfile.TemporaryDirectory(dir=Settings.work) as d:
        ca_make(d)
        with open(os.path.join(d, "ca.conf"), "w", encoding="ascii") as f:
            f.write(CA_CONF + "[crl]\nauthorityKeyIdentifier = keyid\n")
        with open(os.path.join(d, "ca.conf"), "r+", encoding="ascii") as f:
            text = f.read().replace("dir = .\n", "dir = .\ncrlnumber = crlnumber\ndefault_crl_days = 1\ncrl_extensions = crl\n", 1)
            f.seek(0)
            f.write(text)
        with open(os.path.join(d, "index.txt"), "w", encoding="ascii") as f:
            for k in range(n):
                f.write(f"R\t20450101000000Z\t251101000000Z,superseded\t{0x40 << 120 | hash((k, 7)) & (1 << 63) - 1 | k << 64:032X}"
                        f"\tunknown\t/CN={k:012X}\n")
        out = []
        for _ in range(runs):
            with open(os.path.join(d, "crlnumber"), "w", encoding="ascii") as f:
                f.write("01\n")
            before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
            subprocess.run(["openssl", "ca", "-config", "ca.conf", "-gencrl", "-out", "out.pem"], cwd=d, check=True, capture_output=True)
            took, after = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
            out.append({"n": n, "wall_s": took, "cpu_s": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime})
        return out
