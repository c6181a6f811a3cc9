// Profiles, and the two files that come with each.

import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { unzipSync } from "fflate";
import { scenario } from "../lib/scenario.ts";
import { as, world } from "../lib/world.ts";

scenario("ecosystems and profiles tell what an order needs", async () => {
	const c = as("viewer");
	const ecosystems = (await c.call("listEcosystems", 200)).body.items;
	assert.ok(ecosystems.length >= 1);
	const list = (await c.call("listProfiles", 200)).body;
	assert.equal(list.total, list.items.length);
	for (const p of list.items) assert.ok(ecosystems.some((e) => e.id === p.ecosystem.id && e.name === p.ecosystem.name), `${p.name} is of a listed ecosystem`);
	for (const p of [world.rsa, world.ec, world.small]) {
		const input = p.inputs.find((x) => x.name === "mac_address");
		assert.ok(input && input.required && input.generators.includes("mac"), `${p.name} takes mac_address with a generator`);
		assert.ok(p.quota && p.quota.available === p.quota.allocated - p.quota.ordered);
	}
	assert.ok(world.rsa.methods.includes("csr") && world.ec.methods.includes("csr") && world.ec.methods.includes("form"));
	assert.equal(world.small.quota?.available, 100);
	assert.equal(world.rsa.signature, "sha256WithRSAEncryption");
	const half = (await c.call("listProfiles", 200, { query: { name: world.ec.name.slice(1, -1).toUpperCase() } })).body.items;
	assert.ok(half.some((p) => p.id === world.ec.id), "a part of the name, in any case");
	await c.call("getProfile", 404, { path: { profile_id: 999_999 } });
});

scenario("template.csv has the columns of an upload", async () => {
	for (const p of [world.rsa, world.ec]) {
		const r = await as("viewer").call("getProfileTemplate", 200, { path: { profile_id: p.id } });
		const [head, ...rest] = r.raw.toString("utf8").replace(/^\ufeff/, "").split(/\r?\n/).filter((l) => l !== "");
		assert.deepEqual(head?.split(",").map((h) => h.replace(/"/g, "")), p.inputs.filter((x) => !x.methods || x.methods.includes("csv")).map((x) => x.name));
		assert.equal(rest.length, 0);
		assert.match(String(r.headers["content-disposition"]), /^attachment;.*\.csv/);
	}
});

scenario("chain.zip: root and intermediates, PEM and DER, each signed by the next", async () => {
	for (const p of [world.rsa, world.ec]) {
		const r = await as("viewer").call("getProfileChain", 200, { path: { profile_id: p.id } });
		assert.match(String(r.headers["content-disposition"]), /^attachment;.*\.zip/);
		const files = unzipSync(r.raw);
		const names = Object.keys(files);
		const pems = names.filter((n) => /\.pem$/.test(n)).flatMap((n) => (Buffer.from(files[n] as Uint8Array).toString().match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map((x) => new X509Certificate(x)));
		const ders = names.filter((n) => /\.(der|cer)$/.test(n)).map((n) => new X509Certificate(files[n] as Uint8Array));
		const byPrint = (list: X509Certificate[]) => [...new Set(list.map((x) => x.fingerprint256))].sort();
		assert.deepEqual(byPrint(pems), byPrint(ders), `${p.name}: the same certificates both ways`);
		const roots = ders.filter((x) => x.subject === x.issuer);
		assert.equal(roots.length, 1, "one root");
		assert.ok(ders.length >= 2, "and an issuing CA");
		for (const x of ders) {
			assert.ok(x.ca, x.subject);
			assert.ok(ders.some((i) => i.subject === x.issuer && x.verify(i.publicKey)), `${x.subject} is signed by a member`);
		}
		assert.ok(!names.some((n) => n.startsWith("/") || n.includes("..")));
		assert.ok(!Buffer.from(r.raw).includes("PRIVATE KEY"));
	}
});
