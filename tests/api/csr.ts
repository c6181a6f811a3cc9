// CSRs: keys that never leave their owner.

import assert from "node:assert/strict";
import { createPublicKey, X509Certificate } from "node:crypto";
import { zipSync } from "fflate";
import { settled } from "../lib/client.ts";
import { scenario } from "../lib/scenario.ts";
import { as, csr, download, freshMac, items, openssl, quota, rows, upload, world } from "../lib/world.ts";

const csrOrder = (name: string, more: object = {}) => ({ method: "csr", profile_id: world.ec.id, name, ...more });
const pem = "application/x-pem-file";
const refused = async (name: string, file: string | Buffer, more: object = {}, type = pem) =>
	(await as("orderer").call("createBatch", 422, { upload: { order: csrOrder(name, more), file, fileName: "csrs", fileType: type } })).body.errors ?? [];

scenario("CSRs: many PEM, one DER, a ZIP; the certificate has the key of its CSR", async () => {
	const c = as("orderer");
	const macs = [freshMac(), freshMac()];
	const requests = macs.map((m) => csr(`/CN=${m}`));
	const b = await settled(c, (await upload(c, csrOrder("two.pem"), requests.join("\n"), pem)).id);
	assert.deepEqual([b.method, b.size, b.succeeded], ["csr", 2, 2]);
	const events = await items(c, b.id);
	assert.match(events[0]?.message ?? "", /^Created from CSR line 0$/);

	const { files } = await download(c, b.id);
	const manifest = rows(Buffer.from(files["manifest.csv"] as Uint8Array).toString());
	for (const [i, m] of macs.entries()) {
		const name = `${m.replace(/:/g, "-")}.pem`;
		assert.equal(manifest[i]?.file, name);
		const x = new X509Certificate(Buffer.from(files[name] as Uint8Array));
		const key = createPublicKey(openssl(["req", "-in", "r.pem", "-pubkey", "-noout"], { "r.pem": requests[i] ?? "" }));
		assert.ok(x.publicKey.equals(key), "the same key");
		assert.ok(x.subject.includes(m));
		assert.equal(x.ca, false);
		assert.equal(x.serialNumber.padStart(32, "0"), manifest[i]?.serial_number);
	}
	assert.ok(!Object.keys(files).some((n) => n.endsWith(".p12")));

	const der = openssl(["req", "-in", "r.pem", "-outform", "DER"], { "r.pem": csr(`/CN=${freshMac()}`) });
	await settled(c, (await upload(c, csrOrder("one.der"), der, "application/pkcs10")).id);
	const zip = Buffer.from(zipSync({ "a.csr": Buffer.from(csr(`/CN=${freshMac()}`)), "sub/b.pem": Buffer.from(csr(`/CN=${freshMac()}`)) }));
	const z = await settled(c, (await upload(c, csrOrder("both.zip"), zip, "application/zip")).id);
	assert.equal(z.size, 2);
}, { short: true });

scenario("a CSR without the name that the profile wants takes it from the inputs", async () => {
	const c = as("orderer");
	const empty = csr("/");
	const errors = await refused("nameless", empty);
	assert.ok(errors.some((e) => e.field === "mac_address" && e.line === 1), JSON.stringify(errors));
	const m = freshMac();
	const b = await settled(c, (await upload(c, csrOrder("named", { inputs: { mac_address: m } }), empty, pem)).id);
	assert.ok((await items(c, b.id))[1]?.subject?.includes(m));
});

scenario("what a CSR asks for beyond the profile is not taken", async () => {
	const c = as("orderer");
	const m = freshMac();
	const greedy = csr(`/C=XX/O=Evil/CN=${m}`, undefined, ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "subjectAltName=DNS:evil.example"]);
	const p = (await c.call("createBatch", 200, { query: { preview: true }, upload: { order: csrOrder("greedy"), file: greedy, fileType: pem } })).body;
	assert.ok(p.warnings.length > 0, "the preview says what is ignored");
	const b = await settled(c, (await upload(c, csrOrder("greedy"), greedy, pem)).id);
	const told = (await items(c, b.id))[0];
	assert.equal(told?.serial_number, null);
	assert.match(told?.message ?? "", /^Created from CSR line 0; ignored: /, "and the item goes on saying so");
	for (const what of ["subject attribute C=XX", "subject attribute O=Evil", "requested extension basicConstraints", "requested extension subjectAltName"])
		assert.ok(told?.message?.includes(what), `${what}: ${told?.message}`);
	const { files } = await download(c, b.id);
	const x = new X509Certificate(Buffer.from(files[`${m.replace(/:/g, "-")}.pem`] as Uint8Array));
	assert.equal(x.ca, false);
	assert.ok(!x.subject.includes("Evil"));
	assert.ok(!(x.subjectAltName ?? "").includes("evil"));
});

scenario("CSRs that must not be certified are refused by name, and nothing is charged", async () => {
	const c = as("orderer");
	const before = await quota(c, world.ec);
	const good = csr(`/CN=${freshMac()}`);
	const lines = good.trimEnd().split("\n").length;
	const flipped = openssl(["req", "-in", "r.pem", "-outform", "DER"], { "r.pem": csr(`/CN=${freshMac()}`) });
	flipped[flipped.length - 3] = (flipped[flipped.length - 3] ?? 0) ^ 1;
	const broken = openssl(["req", "-inform", "DER", "-in", "r.der"], { "r.der": flipped }).toString();
	const rsa = (bits: string, more: string[] = []) => csr(`/CN=${freshMac()}`, ["rsa", "-pkeyopt", `rsa_keygen_bits:${bits}`, ...more]);
	const cases: [string, string, RegExp][] = [
		["bad signature", broken, /sign/i],
		["another curve", csr(`/CN=${freshMac()}`, ["ec", "-pkeyopt", "ec_paramgen_curve:secp384r1"]), /key|curve|P-256/i],
		["RSA where P-256 is asked", rsa("2048"), /key|P-256/i],
	];
	for (const [what, text, want] of cases) {
		const errors = await refused(what, `${good}${text}`);
		assert.deepEqual(errors.map((e) => e.line), [lines + 1], `${what}: ${JSON.stringify(errors)}`);
		assert.match(errors[0]?.message ?? "", want, what);
	}
	const weak: [string, string][] = [
		["RSA-1024", rsa("1024")],
		["e = 3", rsa("2048", ["-pkeyopt", "rsa_keygen_pubexp:3"])],
		["MD5", csr(`/CN=${freshMac()}`, ["rsa", "-pkeyopt", "rsa_keygen_bits:2048"], ["-md5"])],
	];
	for (const [what, text] of weak) {
		const errors = await refused(what, text, { profile_id: world.rsa.id });
		assert.equal(errors[0]?.line, 1, `${what}: ${JSON.stringify(errors)}`);
	}
	const key = openssl(["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]).toString();
	assert.match((await refused("private key", `${good}${key}`))[0]?.message ?? "", /private key/i);
	assert.ok((await refused("nothing", "hello")).length > 0);
	assert.ok((await refused("empty", "")).length > 0);
	const inZip = Buffer.from(zipSync({ "good.csr": Buffer.from(good), "bad.csr": Buffer.from(broken) }));
	const zipped = await refused("zip", inZip, {}, "application/zip");
	assert.ok(zipped.some((e) => e.file === "bad.csr"), JSON.stringify(zipped));
	assert.deepEqual(await quota(c, world.ec), before);
});

scenario("a key is used once: in the batch, and ever", async () => {
	const c = as("orderer");
	const dir = { "k.pem": openssl(["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]) };
	const again = (m: string) => openssl(["req", "-new", "-key", "k.pem", "-subj", `/CN=${m}`], dir).toString();
	const twice = await refused("twice", again(freshMac()) + again(freshMac()));
	assert.equal(twice.length, 1, JSON.stringify(twice));
	assert.match(twice[0]?.message ?? "", /key/i);
	await settled(c, (await upload(c, csrOrder("first use"), again(freshMac()), pem)).id);
	assert.match((await refused("second use", again(freshMac())))[0]?.message ?? "", /key/i);
	const other = await as("orderer", true).call("createBatch", 422, { upload: { order: csrOrder("stranger"), file: again(freshMac()), fileType: pem } });
	assert.ok(!JSON.stringify(other.body).includes(world.instance.user("orderer").organization ?? "?"), "and tells nothing of the first");
});
