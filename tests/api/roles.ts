// Every route with every role: the missing right is 403, whatever the body; with the right it is anything else.

import assert from "node:assert/strict";
import { Client } from "../lib/client.ts";
import { operationList } from "../lib/contract.ts";
import { exchange } from "../lib/http.ts";
import { scenario } from "../lib/scenario.ts";
import { as, made, serials, world } from "../lib/world.ts";

const may: Record<string, string[]> = {
	view: ["viewer", "orderer", "revoker", "organization_admin", "operator", "auditor"],
	order: ["orderer", "organization_admin"],
	revoke: ["revoker", "organization_admin", "operator"],
	admin: ["organization_admin", "operator"],
	operate: ["operator"],
	audit: ["organization_admin", "operator", "auditor"],
};
// In a session only, whatever the role of a token's owner.
const sessionOnly = ["createToken", "switchOrganization", "deleteSession", "passkeyOptions", "createPasskey", "deletePasskey"];
// They answer without an end.
const endless = ["streamEvents"];

scenario("role × route", async () => {
	const wrong: string[] = [];
	for (const o of operationList) {
		if (o.needs === "public") continue;
		const path = o.path
			.replace("{serial_number}", "0123456789ABCDEF0123456789ABCDEF")
			.replace("{session_id}", "0".repeat(32))
			.replace("{token_id}", "0".repeat(32))
			.replace("{sha256}", "0".repeat(64))
			.replace(/\{\w+\}/g, "987654321");
		const body = ["POST", "PUT", "PATCH"].includes(o.method) ? "{not json" : undefined;
		for (const role of may.view ?? []) {
			const allowed = may[o.needs]?.includes(role) && !sessionOnly.includes(o.id);
			if (allowed && endless.includes(o.id)) continue;
			const r = await as(role).send(o.method, `/api/v1${path}`, Array.from({ length: 500 }, (_, i) => i + 100), {
				plain: true,
				headers: body ? { "content-type": "application/json" } : {},
				body,
			});
			if (allowed ? [401, 403, 405].includes(r.status) || r.status >= 500 : r.status !== 403) wrong.push(`${role} ${o.method} ${o.path}: ${r.status}`);
		}
	}
	assert.deepEqual(wrong, []);
});

const anyStatus = Array.from({ length: 500 }, (_, i) => i + 100);
const broken = (method: string) => (["POST", "PUT", "PATCH"].includes(method) ? { headers: { "content-type": "application/json" }, body: "{not json" } : {});

scenario("without a right to be here every route is 401, whatever the body", async () => {
	const wrong: string[] = [];
	for (const o of operationList) {
		if (o.needs === "public") continue;
		const path = o.path.replace(/\{\w+\}/g, "1");
		for (const authorization of ["", "Bearer ", "Bearer nobody", `Bearer ${"0".repeat(64)}`, "Basic YTpi"]) {
			const more = broken(o.method);
			const r = await exchange(`${world.instance.demo.portal_url.replace(/\/$/, "")}/api/v1${path}`, { ca: world.instance.ca }, {
				method: o.method,
				headers: { ...(authorization ? { authorization } : {}), ...more.headers },
				body: more.body,
			});
			if (r.status !== 401 || !/^Bearer/.test(String(r.headers["www-authenticate"]))) wrong.push(`"${authorization}" ${o.method} ${o.path}: ${r.status} ${r.headers["www-authenticate"]}`);
		}
	}
	assert.deepEqual(wrong, []);
});

scenario("foreign organization × route: each object of it is 404 to whoever has the right, before any look at the body", async () => {
	const admin = new Client(world.instance, world.instance.user("organization_admin", true), "nothing");
	await admin.logIn();
	const me = (await admin.call("getMe", 200)).body;
	const batch = await made(as("orderer", true), world.ec, `matrix-${Date.now()}`, 1);
	const owner = (await as("operator").call("listUsers", 200, { query: { organization_id: me.organization?.id, username: world.instance.user("viewer", true).username } })).body.items[0];
	assert.ok(owner && me.organization);
	const certificate = (await as("operator").call("listUserCertificates", 200, { path: { user_id: owner.id } })).body.items[0];
	const token = (await admin.call("createToken", 201, { json: { name: "matrix", scopes: ["view"], expires_at: new Date(Date.now() + 3_600_000).toISOString() } })).body;
	const ids: Record<string, string | number> = {
		batch_id: batch.id,
		serial_number: (await serials(as("viewer", true), batch.id))[0] ?? "",
		organization_id: me.organization.id,
		user_id: owner.id,
		sha256: certificate?.sha256 ?? "",
		session_id: (await admin.call("listSessions", 200)).body.items.find((s) => s.current)?.id ?? "",
		token_id: token.id,
		profile_id: 999_999,
		version: 1,
		invitation_id: "0".repeat(32),
		passkey_id: "0".repeat(32),
	};
	const wrong: string[] = [];
	let tried = 0;
	for (const o of operationList) {
		if (o.needs === "public" || !o.path.includes("{") || o.needs === "operate") continue;
		const path = o.path.replace(/\{(\w+)\}/g, (_, name: string) => {
			assert.ok(ids[name], `an id for {${name}}`);
			return String(ids[name]);
		});
		for (const role of ["viewer", "orderer", "revoker", "organization_admin"]) {
			if (!may[o.needs]?.includes(role)) continue;
			const empty = { headers: {}, body: undefined };
			const bodies = o.spec.requestBody ? [broken("POST"), { ...broken("POST"), body: "{}" }] : [empty, broken("POST")];
			for (const more of bodies) {
				if (sessionOnly.includes(o.id)) continue;
				const r = await as(role).send(o.method, `/api/v1${path}`, anyStatus, { plain: true, ...more });
				tried++;
				if (r.status !== 404) wrong.push(`${role} ${o.method} ${o.path} ${more.body ?? ""}: ${r.status} ${r.raw.toString().slice(0, 200)}`);
			}
		}
	}
	assert.deepEqual(wrong, []);
	assert.ok(tried > 50, `${tried}`);
	assert.equal((await as("viewer", true).call("getBatch", 200, { path: { batch_id: batch.id } })).body.status, "ready_for_download");
	await admin.call("getMe", 200);
	await admin.call("deleteToken", 204, { path: { token_id: token.id } });
	await admin.call("deleteSession", 204);
});
