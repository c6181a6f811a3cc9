// Every route with every role: the missing right is 403, whatever the body; with the right it is anything else.

import assert from "node:assert/strict";
import { operationList } from "../lib/contract.ts";
import { scenario } from "../lib/scenario.ts";
import { as } from "../lib/world.ts";

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
