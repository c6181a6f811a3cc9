// Profile documents: checked, tried, prepared, compared, activated by an operator's key; orders keep their version.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { unzipSync } from "fflate";
import { program } from "../lib/instance.ts";
import { scenario } from "../lib/scenario.ts";
import { settled } from "../lib/client.ts";
import { as, download, formOrder, freshMac, made, order, world } from "../lib/world.ts";

type Document = Record<string, unknown> & { version: number; validity: Record<string, unknown> };

async function current(): Promise<{ id: number; version: number; document: Document }> {
	const op = as("operator");
	const id = world.ec.id;
	const version = (await op.call("getProfile", 200, { path: { profile_id: id } })).body.version;
	const document = (await op.call("getProfileVersion", 200, { path: { profile_id: id, version } })).body as unknown as Document;
	return { id, version, document };
}

function lifeDays(der: Uint8Array): number {
	const c = new X509Certificate(der);
	return Math.round((Date.parse(c.validTo) - Date.parse(c.validFrom)) / 86_400_000);
}

scenario("a profile document is checked: every fault by its JSON path", async () => {
	const op = as("operator");
	const { id, document, version } = await current();
	const bad = { ...document, version: version + 1, validity: { days: -1 }, surprise: 1, methods: ["form", "fax"] };
	for (const answer of [
		await op.call("createProfileVersion", 422, { path: { profile_id: id }, json: bad }),
		await op.call("sampleProfile", 422, { json: { document: bad } }),
	]) {
		const fields = answer.body.errors?.map((e) => e.field ?? "") ?? [];
		for (const want of ["validity.days", "surprise", "methods"]) assert.ok(fields.some((f) => f.includes(want)), `${want} in ${fields.join(", ")}`);
	}
	const skipped = await op.call("createProfileVersion", 422, { path: { profile_id: id }, json: { ...document, version: version + 5 } });
	assert.ok(skipped.body.errors?.some((e) => e.field === "version"));
	const other = await op.call("createProfileVersion", 422, { path: { profile_id: id }, json: { ...document, id: id + 1, version: version + 1 } });
	assert.ok(other.body.errors?.some((e) => e.field === "id"));
	await op.call("createProfileVersion", 409, { path: { profile_id: id }, json: { ...document, name: "another", version } });
	await op.call("createProfileVersion", 404, { path: { profile_id: 987654321 }, json: document });
	await op.call("createProfile", 422, { json: { ...document, id: 4711, version: 1, ca: "no-such-ca" } });
	await op.call("createProfileVersion", 400, { path: { profile_id: id }, json: "{" });
	for (const role of ["viewer", "organization_admin"]) {
		const c = as(role);
		await c.call("createProfileVersion", 403, { path: { profile_id: id }, json: document });
		assert.ok([403, 404].includes((await c.send("GET", `/api/v1/profiles/${id}/versions`, [403, 404])).status));
	}
	await as("auditor").call("listProfileVersions", 200, { path: { profile_id: id } });
});

scenario("a sample certificate, as it would be issued, without a signature", async () => {
	const op = as("operator");
	const { document } = await current();
	const mac = freshMac();
	const s = (await op.call("sampleProfile", 200, { json: { document, inputs: { mac_address: mac.toLowerCase().replace(/:/g, "-") } } })).body;
	assert.ok(s.subject.includes(mac), s.subject);
	assert.equal(s.inputs.mac_address, mac);
	const c = new X509Certificate(s.pem);
	assert.equal(c.serialNumber.padStart(32, "0"), s.serial_number);
	const profile = (await op.call("getProfile", 200, { path: { profile_id: world.ec.id } })).body;
	assert.deepEqual(s.extensions.map((x) => x.oid).toSorted(), profile.extensions.filter((x) => !x.optional).map((x) => x.oid).toSorted());
	const chain = Buffer.from(unzipSync((await as("viewer").call("getProfileChain", 200, { path: { profile_id: world.ec.id } })).raw)["chain.pem"] as Uint8Array).toString();
	assert.ok(!c.verify(new X509Certificate(chain).publicKey), "nobody has signed it");
	const wrong = await op.call("sampleProfile", 422, { json: { document, inputs: { mac_address: "red", colour: "red" } } });
	assert.deepEqual(wrong.body.errors?.map((e) => e.field).toSorted(), ["inputs.colour", "inputs.mac_address"]);
});

scenario("a version is prepared, compared, activated by an operator's key; orders keep theirs", async () => {
	const op = as("operator");
	const c = as("orderer");
	const { id, version, document } = await current();
	const validity: Record<string, unknown> = { ...document.validity, days: 123 };
	delete validity.until;
	const next = { ...document, version: version + 1, validity };
	const before = await made(c, world.ec, "under the old version", 1);
	const prepared = await op.call("createProfileVersion", 201, { path: { profile_id: id }, json: next });
	assert.deepEqual(prepared.body, { profile_id: id, version: version + 1, new: true });
	assert.equal((await op.call("createProfileVersion", 201, { path: { profile_id: id }, json: next })).body.new, false);
	const list = (await op.call("listProfileVersions", 200, { path: { profile_id: id } })).body.items;
	assert.deepEqual(list.slice(0, 2).map((v) => [v.version, v.active]), [[version + 1, false], [version, true]]);
	const changes = (await op.call("getProfileVersionChanges", 200, { path: { profile_id: id, version: version + 1 }, query: { from: version } })).body.changes;
	assert.deepEqual(changes.find((x) => x.path === "version"), { path: "version", before: version, after: version + 1 });
	assert.ok(changes.every((x) => /^(version|validity\..*)$/.test(x.path)), JSON.stringify(changes));
	assert.equal((await made(c, world.ec, "prepared is not ordered", 1)).profile_version, version);

	// An order that waits for its turn while the version changes keeps the one it was made with.
	const waiting = await order(c, formOrder(world.ec, "ordered before", 40));
	execFileSync(program, ["profile", "activate", String(id), "--dir", world.instance.dir], { stdio: "pipe" });
	assert.equal((await op.call("listProfileVersions", 200, { path: { profile_id: id } })).body.items[0]?.active, true);
	const after = await made(c, world.ec, "under the new version", 1);
	assert.deepEqual([waiting.profile_version, before.profile_version, after.profile_version], [version, version, version + 1]);
	assert.equal((await settled(c, waiting.id)).succeeded, 40);
	for (const [b, days] of [[before, undefined], [waiting, undefined], [after, 123]] as const) {
		const files = (await c.send("GET", `/api/v1/batches/${b.id}/download?format=der`, 200)).raw;
		const [, der] = Object.entries(unzipSync(files)).find(([name]) => name.endsWith(".cer")) ?? [];
		assert.ok(der);
		if (days === undefined) assert.notEqual(lifeDays(der), 123);
		else assert.equal(lifeDays(der), 123);
	}
	await download(c, before.id);
	// And back, so that whoever comes next finds what he knows.
	await op.call("createProfileVersion", 201, { path: { profile_id: id }, json: { ...document, version: version + 2 } });
	execFileSync(program, ["profile", "activate", String(id), "--dir", world.instance.dir], { stdio: "pipe" });
	assert.equal((await made(c, world.ec, "as before", 1)).profile_version, version + 2);
	const log = (await as("auditor").call("listAudit", 200, { query: { object: `profile ${id} version ${version + 1}`, limit: 10 } })).body.items;
	assert.deepEqual(log.map((x) => x.action).toSorted(), ["profile.activated", "profile.prepared"]);
}, { short: true });

scenario("an operator adds an ecosystem and names it anew; its id, name and place are checked", async () => {
	const op = as("operator");
	const id = `trial-${Date.now()}`;
	const set = (json: object, expect: 200 | 409 | 422, ecosystem_id = id) => op.call("setEcosystem", expect, { path: { ecosystem_id }, json });
	assert.deepEqual((await set({ name: id }, 200)).body, { id, name: id, position: 1000 });
	assert.deepEqual((await set({ name: `${id} anew`, position: 3 }, 200)).body, { id, name: `${id} anew`, position: 3 });
	const all = (await op.call("listEcosystems", 200, { query: { limit: 1000 } })).body.items;
	assert.equal(all.find((x) => x.id === id)?.name, `${id} anew`);
	assert.deepEqual(all.map((x) => x.position), all.map((x) => x.position).toSorted((a, b) => a - b));
	assert.deepEqual((await as("auditor").call("listEcosystems", 200, { query: { limit: 1000 } })).body.items, all);
	assert.ok(!(await as("viewer").call("listEcosystems", 200)).body.items.some((x) => x.id === id), "none of its profiles is granted");

	const taken = all.find((x) => x.id !== id)?.name;
	await set({ name: taken }, 409);
	for (const [json, field, ecosystem_id] of [
		[{ name: "" }, "name"],
		[{ name: "a\nb" }, "name"],
		[{ name: "x", position: -1 }, "position"],
		[{ name: "x", position: 1_000_001 }, "position"],
		[{ name: "x", place: 1 }, "place"],
		[{ name: "x" }, "id", "Upper"],
		[{ name: "x" }, "id", "-x"],
		[{ name: "x" }, "id", "x".repeat(65)],
	] as const) {
		const refused = (await set(json, 422, ecosystem_id)).body as { errors?: { field?: string }[] };
		assert.deepEqual(refused.errors?.map((e) => e.field), [field], JSON.stringify(json));
	}
	assert.equal((await op.call("listEcosystems", 200, { query: { limit: 1000 } })).body.total, all.length);
	const log = (await as("auditor").call("listAudit", 200, { query: { action: "ecosystem.set", object: id } })).body.items;
	assert.deepEqual(log.map((x) => x.detail.name), [`${id} anew`, id]);
});
