// The ZIP that goes to the factory.

import assert from "node:assert/strict";
import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import { unzipSync } from "fflate";
import type { Problem } from "../lib/client.ts";
import { scenario } from "../lib/scenario.ts";
import { as, download, items, made, openssl, order, formOrder, password, rows, world } from "../lib/world.ts";

scenario("download: manifest, one PKCS#12 a device, chain, and nothing else", async () => {
	const c = as("orderer");
	for (const [profile, mode] of [[world.ec, "modern"], [world.rsa, "compatible"]] as const) {
		const b = await made(c, profile, `../../odd "name" ${mode}`, 3, { pkcs12_mode: mode });
		const { answer, files } = await download(c, b.id);
		assert.match(String(answer.headers["content-disposition"]), /^attachment; filename="?[^"/\\]+\.zip"?/);
		assert.equal(Number(answer.headers["content-length"]), answer.raw.length);
		const manifest = rows(Buffer.from(files["manifest.csv"] as Uint8Array).toString());
		assert.equal(manifest.length, 3);
		assert.deepEqual(Object.keys(manifest[0] ?? {}), ["index", "name", "serial_number", "subject", "mac_address", "not_before", "not_after", "sha256", "file"]);
		assert.deepEqual(Object.keys(files).sort(), ["chain.pem", "manifest.csv", ...manifest.map((m) => m.file ?? "")].sort());
		const events = await items(c, b.id);
		for (const [i, m] of manifest.entries()) {
			assert.equal(m.index, String(i));
			assert.equal(m.file, `${(m.mac_address ?? "").replace(/:/g, "-")}.p12`);
			const body = Buffer.from(files[m.file ?? ""] as Uint8Array);
			assert.equal(createHash("sha256").update(body).digest("hex"), m.sha256?.toLowerCase());
			assert.equal(events.find((e) => e.index === i && e.serial_number)?.serial_number, m.serial_number);
		}
		const one = manifest[0] as Record<string, string>;
		const p12 = { "d.p12": files[one.file ?? ""] as Uint8Array };
		const pass = ["-passin", `pass:${password}`];
		const certs = openssl(["pkcs12", "-in", "d.p12", ...pass, "-nokeys"], p12).toString().match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
		const leaf = new X509Certificate(certs.find((x) => !new X509Certificate(x).ca) ?? "");
		const issuer = new X509Certificate(certs.find((x) => new X509Certificate(x).ca) ?? "");
		assert.ok(leaf.verify(issuer.publicKey));
		const key = createPrivateKey(openssl(["pkcs12", "-in", "d.p12", ...pass, "-nocerts", "-nodes"], p12));
		assert.ok(leaf.checkPrivateKey(key), "the key is the certificate's");
		assert.equal(leaf.serialNumber.padStart(32, "0"), one.serial_number);
		assert.match(leaf.serialNumber, /^[0-7]?[0-9A-F]+$/);
		assert.throws(() => openssl(["pkcs12", "-in", "d.p12", "-passin", "pass:wrong", "-nokeys"], p12));
		const chain = Buffer.from(files["chain.pem"] as Uint8Array).toString();
		assert.ok(!chain.includes("PRIVATE KEY"));
		assert.ok((chain.match(/BEGIN CERTIFICATE/g) ?? []).length >= 2);
	}
}, { short: true });

scenario("download: resumed by range, the bytes are the same", async () => {
	const c = as("orderer");
	const b = await made(c, world.ec, "ranges", 20);
	const path = `/api/v1/batches/${b.id}/download`;
	const head = await c.send("HEAD", path, 200);
	assert.equal(head.raw.length, 0);
	assert.equal((await c.call("getBatch", 200, { path: { batch_id: b.id } })).body.status, "ready_for_download", "HEAD changes nothing");
	const all = (await c.send("GET", path, 200)).raw;
	assert.equal(Number(head.headers["content-length"]), all.length);
	assert.equal((await c.call("getBatch", 200, { path: { batch_id: b.id } })).body.status, "downloaded");
	const etag = String((await c.send("GET", path, 200)).headers.etag);
	const size = all.length;
	for (const [range, from, to] of [["bytes=0-0", 0, 1], [`bytes=100-${size - 1}`, 100, size], [`bytes=${size - 7}-`, size - 7, size], ["bytes=-300", size - 300, size], [`bytes=1000-${size + 1000}`, 1000, size]] as const) {
		const r = await c.send("GET", path, 206, { headers: { range } });
		assert.ok(r.raw.equals(all.subarray(from, to)), range);
		assert.equal(r.headers["content-range"], `bytes ${from}-${to - 1}/${size}`);
	}
	const pieces = [];
	for (let at = 0; at < size; at += 9973) pieces.push((await c.send("GET", path, 206, { headers: { range: `bytes=${at}-${Math.min(at + 9972, size - 1)}`, "if-range": etag } })).raw);
	assert.ok(Buffer.concat(pieces).equals(all));
	await c.send("GET", path, 416, { headers: { range: `bytes=${size}-` } });
	assert.equal((await c.send("GET", path, 200, { headers: { range: "bytes=5-9", "if-range": '"another"' } })).raw.length, size);
	unzipSync(all);
}, { short: true });

scenario("download: not before it is ready; marked before the first byte; recorded again and again", async () => {
	const c = as("orderer");
	const b = await order(c, formOrder(world.rsa, "too early", 40));
	const early = await c.call("downloadBatch", 409, { path: { batch_id: b.id } });
	assert.equal((early.body as unknown as Problem).code, "batch_state");
	await c.call("rejectBatch", 200, { path: { batch_id: b.id } });
	await c.call("downloadBatch", 409, { path: { batch_id: b.id } });

	const d = await made(c, world.ec, "marked", 1);
	assert.ok(d.actions.includes("download") && d.actions.includes("reject"));
	// Only the first byte is asked for: the batch counts as issued all the same.
	await c.send("GET", `/api/v1/batches/${d.id}/download`, 206, { headers: { range: "bytes=0-0" } });
	const after = (await c.call("getBatch", 200, { path: { batch_id: d.id } })).body;
	assert.equal(after.status, "downloaded");
	assert.ok(after.downloaded_at);
	assert.ok(after.actions.includes("download") && !after.actions.includes("reject"));
	const history = (await c.call("getBatchHistory", 200, { path: { batch_id: d.id } })).body;
	assert.equal(history.at(-1)?.status, "downloaded");
	assert.match(history.at(-1)?.user ?? "", new RegExp(`^${c.user?.username} #`));
	await download(c, d.id);
	const log = (await as("auditor").call("listAudit", 200, { query: { object: `batch ${d.id}`, limit: 1000 } })).body.items;
	assert.ok(log.filter((e) => /download/.test(e.action)).length >= 2, JSON.stringify(log.map((e) => e.action)));
});

scenario("a certificate of a batch that was never downloaded is not given out", async () => {
	const c = as("orderer");
	const b = await made(c, world.ec, "not yet", 1);
	const serial_number = (await items(c, b.id))[1]?.serial_number ?? "";
	const r = await c.call("getCertificatePem", 409, { path: { serial_number } });
	assert.equal(r.body.code, "not_downloaded");
	await c.call("getCertificateDer", 409, { path: { serial_number } });
	await download(c, b.id);
	const pem = new X509Certificate((await c.call("getCertificatePem", 200, { path: { serial_number } })).raw);
	const der = new X509Certificate((await c.call("getCertificateDer", 200, { path: { serial_number } })).raw);
	assert.equal(pem.fingerprint256, der.fingerprint256);
});
