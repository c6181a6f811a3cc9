// The route table of the program against openapi.yaml.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { checkSchema, examples, operationList } from "../lib/contract.ts";
import { program } from "../lib/instance.ts";
import { scenario } from "../lib/scenario.ts";

interface Route {
	method: string;
	pattern: string;
	needs: string;
}

scenario("certmill routes --json and openapi.yaml agree", () => {
	const text = execFileSync(program, ["routes", "--json"], { encoding: "utf8" });
	const parsed = JSON.parse(text) as Route[] | { routes: Route[] };
	const routes = (Array.isArray(parsed) ? parsed : parsed.routes).filter((r) => r.pattern.startsWith("/api/v1/"));
	// HEAD is answered wherever GET is; a table may have it as a row or not.
	const shape = (method: string, path: string, needs: string) => `${method} ${path.replace(/\{[^}]*\}/g, "{}")} ${needs.toLowerCase()}`;
	const program_ = new Set(routes.filter((r) => r.method !== "HEAD").map((r) => shape(r.method, r.pattern.slice(7), r.needs)));
	const file = new Set(operationList.filter((o) => o.method !== "HEAD").map((o) => shape(o.method, o.path, o.needs)));
	const only = (a: Set<string>, b: Set<string>) => [...a].filter((x) => !b.has(x)).sort();
	assert.deepEqual({ "only in the program": only(program_, file), "only in openapi.yaml": only(file, program_) }, { "only in the program": [], "only in openapi.yaml": [] });
	assert.ok(program_.size > 30);
});

scenario("every operation says who may, and answers like the others", () => {
	for (const o of operationList) {
		assert.match(o.needs, /^(public|view|order|revoke|admin|operate|audit)$/, o.id);
		const statuses = Object.keys(o.spec.responses as object);
		if (o.needs !== "public") for (const s of ["401", "403"]) assert.ok(statuses.includes(s), `${o.id} has no ${s}`);
		for (const s of ["405", "503"]) assert.ok(statuses.includes(s), `${o.id} has no ${s}`);
		if (o.path.includes("{")) assert.ok(statuses.includes("404"), `${o.id} has no 404`);
	}
});

scenario("the examples are as their schemas say", () => {
	for (const [name, value] of Object.entries(examples)) checkSchema(name, value);
	assert.ok(Object.keys(examples).length > 30);
});
