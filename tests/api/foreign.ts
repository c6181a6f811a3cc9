// Another organization's objects do not exist.

import assert from "node:assert/strict";
import { scenario } from "../lib/scenario.ts";
import { as, download, made, serials, world } from "../lib/world.ts";

scenario("another organization's batch, certificate and quota are 404, in lists absent", async () => {
	const b = await made(as("orderer", true), world.ec, `foreign-${Date.now()}`, 1);
	const batch = { path: { batch_id: b.id } };
	const serial_number = (await serials(as("viewer", true), b.id))[0] ?? "";
	const home = (await as("viewer", true).call("getMe", 200)).body.organization?.id ?? 0;
	const c = as("organization_admin");

	for (const id of ["getBatch", "getBatchHistory", "listBatchItems", "getBatchErrors", "streamBatchEvents", "downloadBatch", "rejectBatch", "approveBatch"] as const) await c.call(id, 404, batch);
	await c.send("HEAD", `/api/v1/batches/${b.id}/download`, 404);
	await c.call("revokeBatch", 404, { ...batch, json: { reason: "superseded" } });
	for (const id of ["getCertificate", "getCertificatePem", "getCertificateDer"] as const) await c.call(id, 404, { path: { serial_number } });
	assert.equal((await c.call("listBatches", 200, { query: { name: b.name } })).body.total, 0);
	assert.equal((await c.call("listBatches", 200, { query: { id: b.id } })).body.total, 0);
	assert.equal((await c.call("listCertificates", 200, { query: { serial_number } })).body.items.length, 0);
	await c.call("getOrganization", 404, { path: { organization_id: home } });
	await c.call("getSecuritySettings", 404, { path: { organization_id: home } });
	await c.call("listQuota", 404, { path: { organization_id: home } });
	await c.call("listQuotaEntries", 404, { path: { organization_id: home, profile_id: world.ec.id } });
	const stranger = (await as("operator").call("listUsers", 200, { query: { organization_id: home } })).body.items[0];
	assert.ok(stranger);
	await c.call("getUser", 404, { path: { user_id: stranger.id } });
	await c.call("changeUser", 404, { path: { user_id: stranger.id }, json: { full_name: "Taken over" } });
	assert.ok((await c.call("listUsers", 200, { query: { limit: 1000 } })).body.items.every((u) => u.id !== stranger.id));
	assert.equal((await as("orderer", true).call("getBatch", 200, batch)).body.status, "ready_for_download", "nothing changed");
	await download(as("orderer", true), b.id);
}, { short: true });

scenario("operators and auditors see all, and never download", async () => {
	const b = await made(as("orderer", true), world.ec, `seen-${Date.now()}`, 1);
	for (const role of ["operator", "auditor"]) {
		const c = as(role);
		assert.equal((await c.call("getBatch", 200, { path: { batch_id: b.id } })).body.organization.id, b.organization.id);
		assert.equal((await c.call("listBatches", 200, { query: { organization_id: b.organization.id, id: b.id } })).body.total, 1);
		await c.call("downloadBatch", 403, { path: { batch_id: b.id } });
		await c.call("rejectBatch", 403, { path: { batch_id: b.id } });
	}
	await as("auditor").call("revokeBatch", 403, { path: { batch_id: b.id }, json: { reason: "superseded" } });
	assert.ok(!(await as("auditor").call("getBatch", 200, { path: { batch_id: b.id } })).body.actions.length);
});
