// API tokens: scopes, expiry, end; made in a session only.

import assert from "node:assert/strict";
import { Client } from "../lib/client.ts";
import { scenario } from "../lib/scenario.ts";
import { as, formOrder, world } from "../lib/world.ts";

scenario("tokens: made in a session, narrowed by scopes, listed, revoked", async () => {
	const admin = new Client(world.instance, world.instance.user("organization_admin"), "nothing");
	await admin.logIn();
	const year = new Date(Date.now() + 300 * 86_400_000).toISOString().replace(/\.\d+Z$/, "Z");
	const answer = await admin.call("createToken", 201, { json: { name: "line 4", scopes: ["view"], expires_at: year } });
	const made = answer.body;
	assert.equal(made.expires_at, year);
	assert.deepEqual(made.scopes, ["view"]);

	const narrow = new Client(world.instance);
	narrow.token = made.token;
	const me = (await narrow.call("getMe", 200)).body;
	assert.deepEqual(me.rights, ["view"]);
	await narrow.call("createBatch", 403, { json: formOrder(world.ec, "not allowed", 1) });
	await narrow.call("listUsers", 403);

	const orders = (await admin.call("createToken", 201, { json: { name: "orders", scopes: ["order"], expires_at: year } })).body;
	const c = new Client(world.instance);
	c.token = orders.token;
	await c.call("listBatches", 200);
	await c.call("revokeCertificates", 403, { json: { serial_numbers: ["00".repeat(16)], reason: "unspecified" } });

	const listed = (await admin.call("listTokens", 200, { query: { limit: 1000 } })).body.items;
	assert.ok(listed.some((t) => t.id === made.id && t.name === "line 4" && t.last_used_at !== null), "the token was used");
	assert.ok(!JSON.stringify(listed).includes(made.token), "the list shows no secret");

	await admin.call("deleteToken", 204, { path: { token_id: made.id } });
	await narrow.call("getMe", 401);
	await admin.call("deleteToken", 204, { path: { token_id: orders.id } });
	await admin.call("deleteToken", 404, { path: { token_id: "f".repeat(32) } });
	await admin.call("deleteSession", 204);
}, { short: true });

scenario("a token makes no tokens, and no token goes past its role", async () => {
	await as("organization_admin").call("createToken", 403, { json: { name: "child", scopes: ["view"] } });
	const admin = new Client(world.instance, world.instance.user("organization_admin"), "nothing");
	await admin.logIn();
	for (const scopes of [["operate"], [], ["everything"], "view"]) await admin.call("createToken", 422, { json: { name: "too much", scopes } });
	for (const expires_at of ["2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z", "tomorrow"])
		await admin.call("createToken", 422, { json: { name: "when", scopes: ["view"], expires_at } });
	await admin.call("deleteSession", 204);
	const orderer = new Client(world.instance, world.instance.user("orderer"), "nothing");
	await orderer.logIn();
	await orderer.call("createToken", 403, { json: { name: "not mine to make", scopes: ["view"] } });
	await orderer.call("deleteSession", 204);
});

scenario("a token ends at its expiry", async () => {
	const admin = new Client(world.instance, world.instance.user("organization_admin"), "nothing");
	await admin.logIn();
	const at = new Date(Math.ceil((Date.now() + 2500) / 1000) * 1000);
	const made = (await admin.call("createToken", 201, { json: { name: "short", scopes: ["view"], expires_at: at.toISOString().replace(/\.\d+Z$/, "Z") } })).body;
	const c = new Client(world.instance);
	c.token = made.token;
	await c.call("getMe", 200);
	await new Promise((r) => setTimeout(r, at.getTime() - Date.now() + 1100));
	await c.call("getMe", 401);
	await admin.call("deleteSession", 204);
});

scenario("what is not a token is refused before the body is looked at", async () => {
	const c = new Client(world.instance);
	for (const token of ["x", `${as("orderer").token}x`, "00".repeat(32), "ä"]) {
		const r = await c.send("POST", "/api/v1/batches", 401, { headers: { authorization: `Bearer ${encodeURI(token)}`, "content-type": "application/json" }, body: "{not json" });
		assert.match(String(r.headers["www-authenticate"]), /^Bearer/);
	}
	await c.send("GET", "/api/v1/me", 401, { headers: { authorization: "Basic dXNlcjpwYXNz" } });
});
