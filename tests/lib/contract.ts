// The contract as the tests use it: each answer is held against the schema that openapi.yaml has for it.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { parse } from "yaml";
import type { operations } from "./openapi.d.ts";

export const root = join(import.meta.dirname, "../..");

type Json = { [k: string]: Json } & Json[] & string;

export interface Operation {
	id: string;
	method: string;
	path: string;
	needs: string;
	pattern: RegExp;
	spec: Json;
}

const doc = parse(readFileSync(join(root, "api/openapi.yaml"), "utf8")) as Json;
const ajv = new Ajv2020({ strict: false, allErrors: true, discriminator: false });
(addFormats as unknown as (a: Ajv2020) => void)(ajv);
ajv.addFormat("binary", true);
ajv.addFormat("password", true);
ajv.addSchema(doc, "openapi");

export const operationList: Operation[] = [];
for (const [path, item] of Object.entries(doc.paths as unknown as Record<string, Record<string, Json>>))
	for (const [method, spec] of Object.entries(item)) {
		const pattern = path.replace(/[.]/g, "\\.").replace(/\{[a-z_0-9]+\}/g, "[^/]+?");
		operationList.push({
			id: String(spec.operationId),
			method: method.toUpperCase(),
			path,
			needs: String(spec["x-needs"]),
			pattern: new RegExp(`^${pattern}$`),
			spec,
		});
	}

const byId = new Map(operationList.map((o) => [o.id, o]));
const compiled = new Map<string, ValidateFunction>();

export function operation(id: string): Operation {
	const o = byId.get(id);
	if (!o) throw new Error(`openapi.yaml has no operation ${id}`);
	return o;
}

/** The operation that a request meets; a literal path goes before a parameter. */
export function operationOf(method: string, path: string): Operation | undefined {
	return operationList
		.filter((o) => o.method === method && o.pattern.test(path))
		.sort((a, b) => a.path.split("{").length - b.path.split("{").length || b.path.length - a.path.length)[0];
}

function at(ref: string): Json {
	let node: Json = doc;
	for (const part of ref.slice(2).split("/")) node = node[part.replace(/~1/g, "/").replace(/~0/g, "~")] as Json;
	return node;
}

function check(pointer: string, value: unknown, what: string): void {
	let v = compiled.get(pointer);
	if (!v) {
		v = ajv.compile({ $ref: `openapi${pointer}` });
		compiled.set(pointer, v);
	}
	if (!v(value)) {
		const why = (v.errors ?? []).slice(0, 5).map((e) => `${e.instancePath || "/"} ${e.message} ${JSON.stringify(e.params)}`);
		throw new Error(`${what} is not as openapi.yaml says:\n  ${why.join("\n  ")}\n  ${JSON.stringify(value).slice(0, 800)}`);
	}
}

export function checkSchema(name: string, value: unknown): void {
	check(`#/components/schemas/${name}`, value, name);
}

const escape = (s: string) => encodeURIComponent(s.replace(/~/g, "~0").replace(/\//g, "~1"));

/** Throws unless the operation may answer like that: status, media type, schema, named headers. */
export function checkAnswer(o: Operation, status: number, type: string, headers: Record<string, unknown>, body: unknown): void {
	const what = `the answer of ${o.id} (${status})`;
	let pointer = `#/paths/${escape(o.path)}/${o.method.toLowerCase()}/responses/${status}`;
	let answer = (o.spec.responses as Json)[String(status)] as Json | undefined;

	if (!answer) throw new Error(`openapi.yaml has no status ${status} for ${o.id}: ${JSON.stringify(body)?.slice(0, 400)}`);
	if (answer.$ref) {
		pointer = String(answer.$ref);
		answer = at(pointer);
	}
	for (const name of Object.keys((answer.headers as object | undefined) ?? {}))
		if (name !== "Idempotency-Replayed" && headers[name.toLowerCase()] === undefined) throw new Error(`${what} has no ${name}`);
	const content = answer.content as Json | undefined;
	// The answer to HEAD says what GET would send, and sends nothing.
	if (o.method === "HEAD") {
		if (Buffer.isBuffer(body) && body.length > 0) throw new Error(`${what} has a body`);
		return;
	}
	if (!content) {
		if (Buffer.isBuffer(body) && body.length > 0) throw new Error(`${what} has a body`);
		return;
	}
	const media = type.split(";")[0]?.trim().toLowerCase() ?? "";
	if (!content[media]) throw new Error(`${what} is ${media || "of no type"}, not ${Object.keys(content).join(" or ")}`);
	if (media.endsWith("json")) check(`${pointer}/content/${escape(media)}/schema`, body, what);
}

/** By the name of the schema that each is an example of. */
export const examples: Record<string, unknown> = Object.fromEntries(
	Object.entries(at("#/components/examples") as unknown as Record<string, { value: unknown }>).map(([k, v]) => [k, v.value]),
);
export type Ops = operations;
