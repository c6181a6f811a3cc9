// What a download can hold: factory packagings with encrypted keys, certificates alone, one order for two profiles.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unzipSync } from "fflate";
import { program } from "../lib/instance.ts";
import { scenario } from "../lib/scenario.ts";
import { settled } from "../lib/client.ts";
import { as, csr, formOrder, freshMac, made, openssl, order, password, quota, rows, upload, world } from "../lib/world.ts";

/** The archive unpacked by a stranger's program. */
function unpack(zip: Buffer, pass: string): { status: number | null; read: (name: string) => Buffer; done: () => void } {
	const dir = mkdtempSync(join(process.env.WORK ?? tmpdir(), "unpack."));
	writeFileSync(join(dir, "a.zip"), zip);
	const r = spawnSync("bsdtar", ["--passphrase", pass, "-xf", "a.zip"], { cwd: dir });
	return { status: r.status, read: (name) => readFileSync(join(dir, name)), done: () => rmSync(dir, { recursive: true, force: true }) };
}

function verified(zip: Buffer): string {
	const dir = mkdtempSync(join(process.env.WORK ?? tmpdir(), "verify."));
	try {
		writeFileSync(join(dir, "a.zip"), zip);
		return execFileSync(program, ["verify", join(dir, "a.zip"), "--password-file", "-"], { input: `${password}\n` }).toString();
	} finally {
		rmSync(dir, { recursive: true, force: true });
	}
}

scenario("factory packagings: certificate and key in DER, the key encrypted under the password", async () => {
	const c = as("orderer");
	for (const [packaging, cer, key] of [
		["factory_flat", (m: string) => `${m}.cer`, (m: string) => `${m}.prv`],
		["factory_folder", (m: string) => `${m}/${m}_Cert.der`, (m: string) => `${m}/${m}_privkey.der`],
	] as const) {
		const b = await made(c, world.rsa, packaging, 2, { packaging });
		assert.equal(b.packaging, packaging);
		assert.deepEqual(b.formats?.toSorted(), [packaging, "pem", "der", "p7b", "folder"].toSorted());
		const path = `/api/v1/batches/${b.id}/download`;
		const zip = (await c.send("GET", path, 200)).raw;
		assert.ok(zip.equals((await c.send("GET", `${path}?format=${packaging}`, 200)).raw), "as ordered, and named");
		const middle = (await c.send("GET", path, 206, { headers: { range: `bytes=500-${zip.length - 100}` } })).raw;
		assert.ok(middle.equals(zip.subarray(500, zip.length - 99)), "resumed");
		const files = unpack(zip, password);
		assert.equal(files.status, 0);
		const manifest = rows(files.read("manifest.csv").toString());
		const json = JSON.parse(files.read("manifest.json").toString()) as { batch: { id: number }; packaging: string; devices: { serial_number: string; files: { name: string; sha256?: string; encrypted?: boolean }[] }[] };
		assert.equal(json.packaging, packaging);
		assert.equal(json.batch.id, b.id);
		assert.equal(json.devices.length, 2);
		for (const [i, m] of manifest.entries()) {
			const name = (m.mac_address ?? "").replace(/:/g, "-");
			assert.deepEqual([m.file, m.other_files], [cer(name), key(name)]);
			const certificate = new X509Certificate(files.read(cer(name)));
			assert.ok(certificate.checkPrivateKey(createPrivateKey({ key: files.read(key(name)), format: "der", type: "pkcs8" })), "the key is the certificate's");
			assert.equal(certificate.serialNumber.padStart(32, "0"), m.serial_number);
			assert.equal(json.devices[i]?.serial_number, m.serial_number);
			assert.deepEqual(json.devices[i]?.files, [{ name: cer(name), sha256: createHash("sha256").update(files.read(cer(name))).digest("hex") }, { name: key(name), encrypted: true }]);
			assert.ok(!zip.includes(files.read(key(name)).subarray(400, 440)), "no key in the clear");
		}
		files.done();
		const wrong = unpack(zip, "another password");
		assert.notEqual(wrong.status, 0);
		wrong.done();
		assert.match(verified(zip), /4 of 4 files/);
		await c.send("GET", `${path}?format=p12`, 422);
	}
	const r = await c.call("createBatch", 422, { json: formOrder(world.ec, "no keys", 1, { packaging: "pem" }) });
	assert.ok(r.body.errors?.some((e) => e.field === "packaging"));
}, { short: true });

scenario("certificates alone, of any batch: PEM, DER, PKCS#7, a folder a device", async () => {
	const c = as("orderer");
	const served = await made(c, world.ec, "served keys", 2);
	const own = await settled(c, (await upload(c, { method: "csr", profile_id: world.ec.id, name: "own keys" }, csr(`/CN=${freshMac()}`), "application/x-pem-file")).id);
	for (const b of [served, own]) {
		const get = async (format: string) => (await c.send("GET", `/api/v1/batches/${b.id}/download?format=${format}`, 200)).raw;
		const chain = Buffer.from(unzipSync(await get("pem"))["chain.pem"] as Uint8Array).toString();
		let one: string | undefined;
		for (const [format, suffixes] of [["pem", [".pem"]], ["der", [".cer"]], ["p7b", [".p7b"]], ["folder", [".pem", ".cer", ".p7b"]]] as const) {
			const zip = await get(format);
			const files = unzipSync(zip);
			assert.ok(!/PRIVATE KEY/.test(zip.toString("latin1")));
			assert.match(verified(zip), / files are as the manifest says/);
			for (const m of rows(Buffer.from(files["manifest.csv"] as Uint8Array).toString())) {
				const all = [m.file, ...(m.other_files ? m.other_files.split(" ") : [])].map(String);
				assert.equal(all.length, suffixes.length);
				for (const [i, name] of all.entries()) {
					assert.ok(name.endsWith(suffixes[i] ?? "?"), name);
					assert.equal(name.includes("/"), format === "folder");
					const body = Buffer.from(files[name] as Uint8Array);
					if (name.endsWith(".p7b")) {
						const inside = openssl(["pkcs7", "-inform", "der", "-in", "a.p7b", "-print_certs"], { "a.p7b": body }).toString();
						assert.equal(inside.match(/BEGIN CERTIFICATE/g)?.length, 1 + (chain.match(/BEGIN CERTIFICATE/g)?.length ?? 0));
						continue;
					}
					const serial = new X509Certificate(body).serialNumber.padStart(32, "0");
					assert.equal(serial, m.serial_number);
					one ??= serial;
				}
			}
		}
		assert.equal((await c.call("getBatch", 200, { path: { batch_id: b.id } })).body.status, "downloaded", "they count as a download");
		await c.send("GET", `/api/v1/batches/${b.id}/download?format=rar`, 422);
		await c.send("GET", `/api/v1/batches/${b.id}/download?fromat=pem`, 422);
	}
});

scenario("a paired order: one list to two profiles, both batches or neither", async () => {
	const c = as("orderer");
	const both = { profile_id: undefined, profile_ids: [world.rsa.id, world.ec.id] };
	const o = formOrder(world.rsa, "modems", 3, both);
	const before = [await quota(c, world.rsa), await quota(c, world.ec)];
	const p = (await c.call("createBatch", 200, { json: o, query: { preview: true } })).body as { size: number; name?: string | null; paired?: { size: number; name?: string | null; errors: unknown[] }[] };
	assert.deepEqual([p.size, p.paired?.length, p.paired?.[0]?.size, p.paired?.[0]?.errors.length], [3, 1, 3, 0]);
	assert.equal(p.name, `modems (${world.rsa.name})`);
	const headers = { "idempotency-key": `pair-${freshMac()}` };
	const first = await c.call("createBatch", 201, { json: o, headers });
	const second = first.body.paired?.[0];
	assert.ok(second);
	assert.deepEqual([first.body.profile.id, second.profile.id, second.name], [world.rsa.id, world.ec.id, `modems (${world.ec.name})`]);
	const again = await c.call("createBatch", 201, { json: o, headers });
	assert.equal(again.headers["idempotency-replayed"], "true");
	assert.deepEqual([again.body.id, again.body.paired?.[0]?.id], [first.body.id, second.id]);
	for (const b of [first.body, second]) assert.equal((await settled(c, b.id)).succeeded, 3);
	assert.deepEqual([(await quota(c, world.rsa)).ordered, (await quota(c, world.ec)).ordered], [(before[0]?.ordered ?? 0) + 3, (before[1]?.ordered ?? 0) + 3]);

	// The second profile has too few left: nothing of the first either.
	const much = formOrder(world.rsa, "too many", 101, { profile_id: undefined, profile_ids: [world.rsa.id, world.small.id] });
	const now = await quota(c, world.rsa);
	const r = await c.call("createBatch", 409, { json: much });
	assert.equal(r.body.code, "quota_exceeded");
	assert.ok(r.body.detail?.includes(world.small.name), r.body.detail ?? "");
	assert.equal((await quota(c, world.rsa)).ordered, now.ordered);
	assert.equal((await c.call("listBatches", 200, { query: { name: "too many" } })).body.items.length, 0);
	// An address that only one of them has given out already.
	const mac = freshMac();
	await order(c, formOrder(world.ec, "taken", 1, { inputs: { mac_address: mac } }));
	const taken = await c.call("createBatch", 422, { json: formOrder(world.rsa, "half taken", 1, { ...both, inputs: { mac_address: mac } }) });
	assert.ok(taken.body.errors?.every((e) => e.message.startsWith(`${world.ec.name}: `)), JSON.stringify(taken.body.errors));
	for (const bad of [{ profile_id: world.rsa.id, profile_ids: both.profile_ids }, { profile_ids: [world.rsa.id] }, { profile_ids: [world.rsa.id, world.rsa.id] }, { profile_ids: [world.rsa.id, 99999999] }, {}])
		await c.call("createBatch", 422, { json: { ...formOrder(world.rsa, "bad pair", 1, { profile_id: undefined }), ...bad } });
}, { short: true });

scenario("all certificates that a search finds are revoked, when there are as many as expected", async () => {
	const c = as("revoker");
	const b = await made(as("orderer"), world.ec, "filtered", 4);
	const body = (more: object) => ({ json: { filter: { batch_id: b.id }, reason: "superseded", ...more } });
	const dry = (await c.call("revokeCertificates", 200, { ...body({}), query: { dry_run: true } })).body;
	assert.deepEqual([dry.certificates, dry.revoked, dry.already_revoked, dry.dry_run], [4, 4, 0, true]);
	assert.equal((await c.call("revokeCertificates", 409, body({ expected: 3 }))).body.code, "expected");
	await c.call("revokeCertificates", 422, body({}));
	await c.call("revokeCertificates", 422, { json: { filter: {}, expected: 1, reason: "superseded" } });
	await c.call("revokeCertificates", 422, body({ expected: 4, serial_numbers: ["7".repeat(32)] }));
	await c.call("revokeCertificates", 422, body({ expected: 4, reason: "because" }));
	assert.equal((await as("revoker", true).call("revokeCertificates", 200, { ...body({}), query: { dry_run: true } })).body.certificates, 0, "another organization's are not found");
	assert.equal((await c.call("getBatch", 200, { path: { batch_id: b.id } })).body.revoked, 0, "nothing so far");
	const done = (await c.call("revokeCertificates", 200, body({ expected: 4 }))).body;
	assert.deepEqual([done.revoked, done.already_revoked, done.remaining], [4, 0, 0]);
	assert.equal((await settled(c, b.id, "revoked")).revoked, 4);
	assert.deepEqual((await c.call("revokeCertificates", 200, body({ expected: 0 }))).body.already_revoked, 4);
}, { short: true });
