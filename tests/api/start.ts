// What a fresh instance is, and the thousand modems that the other scenarios run beside.

import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";
import { Client } from "../lib/client.ts";
import { exchange } from "../lib/http.ts";
import { scenario } from "../lib/scenario.ts";
import { as, csvOrder, sample, upload, world } from "../lib/world.ts";

export const thousand = { id: 0 };

scenario("demo.json: urls, bundle, users of two organizations", () => {
	const { demo, dir, base } = world.instance;
	assert.equal(demo.portal_url.replace(/\/$/, ""), `https://localhost:${base + 443}`);
	assert.equal(demo.mtls_url.replace(/\/$/, ""), `https://localhost:${base + 444}`);
	assert.equal(demo.public_url.replace(/\/$/, ""), `http://localhost:${base + 80}`);
	assert.equal(statSync(join(dir, "demo.json")).mode & 0o777, 0o600);
	const ordering = [...new Set(demo.users.filter((u) => u.role === "orderer").map((u) => u.organization))];
	assert.equal(ordering.length, 2, "two organizations may order");
	for (const o of ordering)
		for (const role of ["organization_admin", "orderer", "revoker", "viewer"])
			assert.ok(demo.users.some((u) => u.organization === o && u.role === role), `${o} has a ${role}`);
	for (const role of ["operator", "auditor"]) assert.equal(demo.users.filter((u) => u.role === role).length, 1, `one ${role}`);
}, { short: true });

scenario("each user's token opens the API in its role", async () => {
	for (const u of world.instance.demo.users) {
		const me = (await new Client(world.instance, u).call("getMe", 200)).body;
		assert.equal(me.username, u.username);
		assert.equal(me.role, u.role);
		if (u.role === "operator" || u.role === "auditor") continue;
		assert.equal(me.organization?.name, u.organization);
		for (const p of ["00:1A:2B", "00:1D:D1"]) assert.ok(me.organization?.mac_prefixes.includes(p), `${u.organization} may use ${p}`);
		assert.ok(me.ecosystems.length > 0 && me.profiles.length >= 3);
	}
}, { short: true });

scenario("modems-1000.csv is accepted", async () => {
	const b = await upload(as("orderer"), csvOrder(world.rsa, "modems-1000.csv"), sample("modems-1000.csv"));
	assert.equal(b.size, 1000);
	assert.ok(["pending_creation", "pending_issue"].includes(b.status), b.status);
	thousand.id = b.id;
});

scenario("the operators' port tells health and figures", async () => {
	const url = `http://localhost:${world.instance.base + 81}`;
	for (const path of ["/healthz", "/readyz"]) assert.equal((await exchange(url + path, { ca: "" })).status, 200, path);
	const metrics = await exchange(`${url}/metrics`, { ca: "" });
	assert.equal(metrics.status, 200);
	assert.match(metrics.raw.toString(), /^# EOF$/m);
});

scenario("the relying parties' port has nothing of the portal", async () => {
	const url = world.instance.demo.public_url.replace(/\/$/, "");
	for (const path of ["/", "/api/v1/me", "/healthz", "/metrics"]) {
		const r = await exchange(url + path, { ca: "" });
		assert.ok(r.status >= 400 && r.status < 500, `${path}: ${r.status}`);
	}
});
