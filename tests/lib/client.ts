// A client of the API: one user, by token, session or certificate.  Every call names the status that it
// expects, and every answer is held against openapi.yaml.

import { readFileSync } from "node:fs";
import { checkAnswer, type Ops, operation, operationOf, type Operation } from "./contract.ts";
export type OpId = keyof Ops & string;
import { exchange, type Reply, serverEvents, type Tls } from "./http.ts";
import type { DemoUser, Instance } from "./instance.ts";

type Content<R> = R extends { content: infer C }
	? C extends { "application/json": infer J }
		? J
		: C extends { "application/problem+json": infer P }
			? P
			: Buffer
	: undefined;

type Responses<O extends OpId> = Ops[O]["responses"];
type Status<O extends OpId> = keyof Responses<O> & number;
type Part<O extends OpId, K extends "path" | "query"> = Ops[O]["parameters"] extends { [k in K]?: infer P } ? P : never;

export interface Answer<B> extends Reply {
	body: B;
}

export interface Problem {
	type: string;
	title: string;
	status: number;
	detail: string;
	code?: string;
	request_id: string;
	errors?: { line?: number; file?: string; field?: string; message: string }[];
}

export interface Upload {
	order: unknown;
	file: Buffer | string;
	fileName?: string;
	fileType?: string;
}

export interface Input<O extends OpId> {
	path?: Part<O, "path">;
	query?: Part<O, "query">;
	json?: unknown;
	upload?: Upload;
	headers?: Record<string, string>;
}

export function multipart(u: Upload): { type: string; body: Buffer } {
	const boundary = `----certmill${Math.random().toString(16).slice(2)}${Date.now()}`;
	const order = typeof u.order === "string" ? u.order : JSON.stringify(u.order);
	return {
		type: `multipart/form-data; boundary=${boundary}`,
		body: Buffer.concat([
			Buffer.from(
				`--${boundary}\r\ncontent-disposition: form-data; name="order"\r\ncontent-type: application/json\r\n\r\n${order}\r\n` +
					`--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="${u.fileName ?? "devices.csv"}"\r\n` +
					`content-type: ${u.fileType ?? "text/csv"}\r\n\r\n`,
			),
			Buffer.from(u.file as string),
			Buffer.from(`\r\n--${boundary}--\r\n`),
		]),
	};
}

/** What every answer of the portal bears, whoever gave it. */
function checkHeaders(r: Reply, what: string): void {
	const has: [string, RegExp][] = [
		["x-request-id", /^[\w-]{8,64}$/],
		["strict-transport-security", /max-age=\d+/],
		["x-content-type-options", /^nosniff$/],
		["content-security-policy", /default-src/],
		["referrer-policy", /./],
		["cache-control", /no-store/],
	];
	for (const [name, want] of has) {
		const value = r.headers[name];
		if (typeof value !== "string" || !want.test(value)) throw new Error(`${what}: ${name} is ${String(value)}`);
	}
	if (/\d/.test(String(r.headers.server ?? ""))) throw new Error(`${what}: Server tells a version: ${r.headers.server}`);
}

export class Client {
	readonly instance: Instance;
	readonly user: DemoUser | undefined;
	readonly tls: Tls;
	readonly origin: string;
	readonly cookies = new Map<string, string>();
	token: string | undefined;

	constructor(instance: Instance, user?: DemoUser, how: "token" | "nothing" | "certificate" = "token") {
		this.instance = instance;
		this.user = user;
		this.token = how === "token" ? user?.token : undefined;
		this.tls = { ca: instance.ca };
		this.origin = instance.demo.portal_url.replace(/\/+$/, "");
		if (how === "certificate" && user) {
			this.tls = { ...this.tls, cert: readFileSync(user.certificate_pem), key: readFileSync(user.key_pem) };
			this.origin = instance.demo.mtls_url.replace(/\/+$/, "");
		}
	}

	headers(method: string): Record<string, string> {
		const h: Record<string, string> = { accept: "application/json" };
		if (this.token) h.authorization = `Bearer ${this.token}`;
		if (this.cookies.size > 0) {
			h.cookie = [...this.cookies].map(([k, v]) => `${k}=${v}`).join("; ");
			if (method !== "GET" && method !== "HEAD") h.origin = this.instance.demo.portal_url.replace(/\/+$/, "");
		}
		return h;
	}

	takeCookies(r: Reply): void {
		for (const line of r.headers["set-cookie"] ?? []) {
			const [pair, ...attributes] = line.split(";").map((p) => p.trim());
			const eq = (pair ?? "").indexOf("=");
			const name = (pair ?? "").slice(0, eq);
			const value = (pair ?? "").slice(eq + 1);
			const low = attributes.map((a) => a.toLowerCase());
			for (const a of ["secure", "httponly", "samesite=strict", "path=/"])
				if (!low.includes(a)) throw new Error(`cookie ${name} is not ${a}: ${line}`);
			if (!name.startsWith("__Host-")) throw new Error(`cookie ${name} is not __Host-`);
			if (value === "" || low.some((a) => a === "max-age=0")) this.cookies.delete(name);
			else this.cookies.set(name, value);
		}
	}

	/** Any request; the answer is checked against the operation that the path meets. */
	async send(
		method: string,
		target: string,
		expect: number | number[],
		o: { headers?: Record<string, string>; body?: Buffer | string; operation?: Operation; plain?: boolean } = {},
	): Promise<Answer<unknown>> {
		const r = await exchange(`${this.origin}${target}`, this.tls, {
			method,
			headers: { ...this.headers(method), ...o.headers },
			body: o.body,
		});
		const what = `${method} ${target.slice(0, 200)}`;
		const type = String(r.headers["content-type"] ?? "");
		let body: unknown = r.raw;

		this.takeCookies(r);
		if (/^application\/([\w.]+\+)?json\b/.test(type) && method !== "HEAD") body = JSON.parse(r.raw.toString("utf8"));
		if (![expect].flat().includes(r.status))
			throw new Error(`${what}: ${r.status}, not ${[expect].flat().join(" or ")}\n  ${r.raw.toString("utf8").slice(0, 1200)}`);
		checkHeaders(r, what);
		const path = target.split("?")[0] ?? "";
		const op = o.operation ?? (path.startsWith("/api/v1") ? operationOf(method, path.slice(7)) : undefined);
		if (op && !o.plain) checkAnswer(op, r.status, type, r.headers, body);
		if (r.status >= 400 && method !== "HEAD") {
			const p = body as Problem;
			if (!/^application\/problem\+json\b/.test(type)) throw new Error(`${what}: ${r.status} is ${type}, not a problem`);
			if (p.status !== r.status) throw new Error(`${what}: the problem says ${p.status}, the answer ${r.status}`);
			if (p.request_id !== r.headers["x-request-id"]) throw new Error(`${what}: another request_id than X-Request-Id`);
			if (!p.detail) throw new Error(`${what}: the problem says nothing`);
		}
		return { ...r, body };
	}

	async call<O extends OpId, S extends Status<O>>(id: O, expect: S, input: Input<O> = {}): Promise<Answer<Content<Responses<O>[S]>>> {
		const op = operation(id);
		const values = (input.path ?? {}) as Record<string, unknown>;
		const path = op.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(values[name])));
		const query = new URLSearchParams(
			Object.entries((input.query ?? {}) as Record<string, unknown>)
				.filter(([, v]) => v !== undefined)
				.map(([k, v]) => [k, String(v)]),
		).toString();
		const headers: Record<string, string> = { ...input.headers };
		let body: Buffer | string | undefined;

		if (input.upload) {
			const m = multipart(input.upload);
			headers["content-type"] = m.type;
			body = m.body;
		} else if (input.json !== undefined) {
			headers["content-type"] ??= "application/json";
			body = typeof input.json === "string" ? input.json : JSON.stringify(input.json);
		}
		return (await this.send(op.method, `/api/v1${path}${query ? `?${query}` : ""}`, expect, { headers, body, operation: op })) as Answer<
			Content<Responses<O>[S]>
		>;
	}

	events(path: string, take: (event: string, data: unknown, id: string) => boolean, timeout_ms?: number) {
		return serverEvents(`${this.origin}/api/v1${path}`, this.tls, this.headers("GET"), take, timeout_ms);
	}

	/** Both steps; leaves an open session in the cookies. */
	async logIn(password = this.user?.password ?? ""): Promise<void> {
		const first = await this.call("createSession", 200, { json: { username: this.user?.username, password } });
		await this.present(first.body.url, 303);
	}

	/** The certificate step at `url`, with this user's certificate or another's, or none. */
	async present(url: string, expect: number, who: DemoUser | undefined | null = this.user): Promise<Answer<unknown>> {
		const c = who ? new Client(this.instance, who, "certificate") : new Client(this.instance);
		const u = new URL(url);
		c.token = undefined;
		for (const [k, v] of this.cookies) c.cookies.set(k, v);
		Object.defineProperty(c, "origin", { value: u.origin });
		const r = await c.send("GET", u.pathname + u.search, expect);
		this.takeCookies(r);
		return r;
	}
}

export type Batch = Ops["getBatch"]["responses"][200]["content"]["application/json"];
export type Profile = Ops["getProfile"]["responses"][200]["content"]["application/json"];
export type ItemEvent = Ops["listBatchItems"]["responses"][200]["content"]["application/json"]["items"][number];

const resting = ["ready_for_download", "downloaded", "issued_partly", "failed", "rejected", "revoked", "expired", "pending_approval"];

/** Waits until a batch is at rest, and wants it to rest in `expect`. */
export async function settled(c: Client, id: number, expect = "ready_for_download", timeout_ms = 120_000): Promise<Batch> {
	for (const end = Date.now() + timeout_ms; ; ) {
		const b = (await c.call("getBatch", 200, { path: { batch_id: id } })).body;
		if (resting.includes(b.status)) {
			if (b.status !== expect) throw new Error(`batch ${id} is ${b.status}, not ${expect}: ${JSON.stringify(b)}`);
			return b;
		}
		if (Date.now() > end) throw new Error(`batch ${id} is still ${b.status} after ${timeout_ms} ms: ${b.succeeded} of ${b.size}`);
		await new Promise((r) => setTimeout(r, 100));
	}
}

/** All rows of a list, page by page. */
export async function everything<T>(page: (cursor: string | undefined) => Promise<{ items: T[]; next_cursor: string | null }>): Promise<T[]> {
	const all: T[] = [];
	let cursor: string | undefined;
	for (let i = 0; i < 10_000; i++) {
		const p = await page(cursor);
		all.push(...p.items);
		if (p.next_cursor === null) return all;
		cursor = p.next_cursor;
	}
	throw new Error("the list does not end");
}
