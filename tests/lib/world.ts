// What the scenarios share: one running instance, its users and profiles, and addresses not used before.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unzipSync } from "fflate";
import { type Answer, type Batch, Client, everything, type ItemEvent, type Profile, settled } from "./client.ts";
import { root } from "./contract.ts";
import type { Instance } from "./instance.ts";

export const password = "correct horse 9 battery";

export interface World {
	instance: Instance;
	/** DOCSIS 3.1: RSA-2048, CSRs allowed. */
	rsa: Profile;
	/** P-256, CSRs and forms allowed, 50,000 or more. */
	ec: Profile;
	/** P-256, exactly 100. */
	small: Profile;
}

export let world: World;

export async function setWorld(instance: Instance): Promise<void> {
	const c = new Client(instance, instance.user("orderer"));
	const all = (await c.call("listProfiles", 200, { query: { limit: 1000 } })).body.items;
	const find = async (what: string, want: (p: (typeof all)[number]) => boolean | undefined): Promise<Profile> => {
		const p = all.find(want);
		if (!p) throw new Error(`no ${what} among ${all.map((x) => `${x.name} (${x.key.algorithm}-${x.key.size}, ${x.quota?.available})`).join(", ")}`);
		return (await c.call("getProfile", 200, { path: { profile_id: p.id } })).body;
	};
	world = {
		instance,
		rsa: await find("DOCSIS 3.1 profile", (p) => /DOCSIS.?3\.1/i.test(p.name) && p.key.algorithm === "RSA" && p.key.size === 2048 && p.quota !== null && p.quota.available >= 50_000),
		ec: await find("P-256 profile", (p) => p.key.algorithm === "EC" && p.key.size === 256 && p.quota !== null && p.quota.available >= 50_000),
		small: await find("P-256 profile with 100", (p) => p.key.algorithm === "EC" && p.quota?.allocated === 100),
	};
}

/** A client of that role, by its token. */
export function as(role: string, other = false): Client {
	return new Client(world.instance, world.instance.user(role, other));
}

/** Until nothing that was ordered is on its way any more: who counts next finds numbers that stay. */
export async function rested(timeout_ms = 30_000): Promise<void> {
	const end = Date.now() + timeout_ms;
	for (const status of ["pending_creation", "pending_issue", "preparing_download"] as const)
		while ((await as("operator").call("listBatches", 200, { query: { status, limit: 1 } })).body.items.length > 0) {
			assert.ok(Date.now() < end, `a batch is still ${status}`);
			await new Promise((r) => setTimeout(r, 50));
		}
}

// Each process of the browser tests has a block of its own.
let next = 0x00_1a_2b_40_00_00 + 0x1_00_00 * (process.env.TEST_WORKER_INDEX === undefined ? 0 : Number(process.env.TEST_WORKER_INDEX) + 1);

export function mac(n: number): string {
	return (n.toString(16).padStart(12, "0").match(/../g) ?? []).join(":").toUpperCase();
}

/** The first of `count` addresses that nobody was given yet. */
export function freshNumber(count = 1): number {
	const first = next;
	next += count;
	return first;
}

export function freshMac(count = 1): string {
	return mac(freshNumber(count));
}

export function freshMacs(count: number): string[] {
	const first = freshNumber(count);
	return Array.from({ length: count }, (_, i) => mac(first + i));
}

export function sample(name: string): Buffer {
	return readFileSync(join(root, "tests/data", name));
}

export function csv(macs: string[], header = "mac_address"): string {
	return `${[header, ...macs].join("\r\n")}\r\n`;
}

export function csvOrder(profile: Profile, name: string, more: object = {}): object {
	return { method: "csv", profile_id: profile.id, name, pkcs12_password: password, ...more };
}

export function formOrder(profile: Profile, name: string, size: number, more: object = {}): Record<string, unknown> {
	return {
		method: "form",
		profile_id: profile.id,
		name,
		size,
		pkcs12_password: password,
		inputs: { mac_address: freshMac(size) },
		...(size > 1 ? { generator: { input: "mac_address", increment: 1 } } : {}),
		...more,
	};
}

export async function order(c: Client, json: object): Promise<Batch> {
	return (await c.call("createBatch", 201, { json })).body;
}

export async function upload(c: Client, o: object, file: Buffer | string, fileType = "text/csv"): Promise<Batch> {
	return (await c.call("createBatch", 201, { upload: { order: o, file, fileType } })).body;
}

/** An order through to ready_for_download. */
export async function made(c: Client, profile: Profile, name: string, size: number, more: object = {}): Promise<Batch> {
	return settled(c, (await order(c, formOrder(profile, name, size, more))).id);
}

export async function items(c: Client, id: number, query: object = {}): Promise<ItemEvent[]> {
	return everything(async (cursor) => (await c.call("listBatchItems", 200, { path: { batch_id: id }, query: { limit: 1000, cursor, ...query } as never })).body);
}

export async function serials(c: Client, id: number): Promise<string[]> {
	return (await items(c, id)).flatMap((i) => (i.serial_number === null ? [] : [i.serial_number]));
}

export async function quota(c: Client, profile: Profile): Promise<{ ordered: number; issued: number; available: number; allocated: number }> {
	const q = (await c.call("getProfile", 200, { path: { profile_id: profile.id } })).body.quota;
	assert.ok(q, "an organization's profile has a quota");
	assert.equal(q.available, q.allocated - q.ordered, "available is allocated less ordered");
	return q;
}

export async function download(c: Client, id: number): Promise<{ answer: Answer<Buffer>; files: Record<string, Uint8Array> }> {
	const answer = (await c.call("downloadBatch", 200, { path: { batch_id: id } })) as unknown as Answer<Buffer>;
	return { answer, files: unzipSync(answer.raw) };
}

/** Rows of a CSV that has no quoted line ends. */
export function rows(text: string): Record<string, string>[] {
	const split = (line: string) => [...`,${line}`.matchAll(/,(?:"((?:[^"]|"")*)"|([^,]*))/g)].map((m) => m[1]?.replace(/""/g, '"') ?? m[2] ?? "");
	const [head, ...body] = text.replace(/^\ufeff/, "").trimEnd().split(/\r?\n/);
	const names = split(head ?? "");
	return body.map((l) => Object.fromEntries(split(l).map((v, i) => [names[i] ?? String(i), v])));
}

/** Runs openssl in a directory of its own; `files` are put there first. */
export function openssl(args: string[], files: Record<string, string | Uint8Array> = {}, read?: string): Buffer {
	const dir = mkdtempSync(join(process.env.WORK ?? tmpdir(), "openssl."));
	try {
		for (const [name, body] of Object.entries(files)) execFileSync("tee", [join(dir, name)], { input: body, stdio: ["pipe", "ignore", "inherit"] });
		const out = execFileSync("openssl", args, { cwd: dir, stdio: ["ignore", "pipe", "pipe"] });
		return read ? readFileSync(join(dir, read)) : out;
	} finally {
		rmSync(dir, { recursive: true, force: true });
	}
}

/** A PEM request with a new key. */
export function csr(subject: string, key: string[] = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"], more: string[] = []): string {
	return openssl(["req", "-new", "-newkey", ...key, "-nodes", "-keyout", "key.pem", "-subj", subject, ...more]).toString();
}
