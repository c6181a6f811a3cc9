// A demo instance of one's own: made, run, killed, started again, removed.

import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { root } from "./contract.ts";

export interface DemoUser {
	username: string;
	password: string;
	role: string;
	organization: string | null;
	token: string;
	certificate_p12: string;
	certificate_p12_password: string;
	certificate_pem: string;
	key_pem: string;
}

export interface Demo {
	portal_url: string;
	mtls_url: string;
	public_url: string;
	ca_bundle: string;
	users: DemoUser[];
}

export const program = join(process.env.CERTMILL_BUILD ?? join(root, "build"), "certmill");

function free(port: number): Promise<boolean> {
	return new Promise((resolve) => {
		const s = createServer();
		s.once("error", () => resolve(false));
		s.listen(port, () => s.close(() => resolve(true)));
	});
}

/** A base N with N+443, N+444, N+80 and N+81 free, below the range that outgoing connections take. */
export async function portBase(): Promise<number> {
	for (let i = 0; i < 200; i++) {
		const base = 11_000 + Math.floor(Math.random() * 2000) * 10;
		const ports = [80, 81, 443, 444].map((p) => base + p);
		if ((await Promise.all(ports.map(free))).every(Boolean)) return base;
	}
	throw new Error("no free ports");
}

export class Instance {
	readonly dir: string;
	readonly base: number;
	readonly args: string[];
	demo!: Demo;
	ca!: string;
	start_ms = 0;
	#child: ChildProcess | undefined;

	private constructor(dir: string, base: number, args: string[]) {
		this.dir = dir;
		this.base = base;
		this.args = args;
		process.on("exit", () => this.#child?.kill("SIGKILL"));
	}

	static async make(args: string[] = []): Promise<Instance> {
		const parent = mkdtempSync(join(process.env.WORK ?? tmpdir(), "demo."));
		const made = new Instance(join(parent, "instance"), await portBase(), args);
		await made.start();
		return made;
	}

	/** One that another process of this run has started. */
	static attach(dir: string, base: number): Instance {
		const there = new Instance(dir, base, []);
		there.#read();
		return there;
	}

	#read(): void {
		this.demo = JSON.parse(readFileSync(join(this.dir, "demo.json"), "utf8")) as Demo;
		this.ca = readFileSync(this.demo.ca_bundle, "utf8");
	}

	get log(): string {
		const file = join(this.dir, "..", "log");
		return existsSync(file) ? readFileSync(file, "utf8") : "";
	}

	get pid(): number {
		return this.#child?.pid ?? 0;
	}

	/** Ends when the program printed `ready`; a first start makes the CAs' keys, which takes a while. */
	async start(): Promise<void> {
		const begin = performance.now();
		const child = spawn(program, ["demo", "--dir", this.dir, "--port-base", String(this.base), ...this.args], {
			stdio: ["ignore", "pipe", "pipe"],
			cwd: "/",
		});
		this.#child = child;
		const log = createWriteStream(join(this.dir, "..", "log"), { flags: "a" });
		child.stderr?.pipe(log);
		await new Promise<void>((resolve, reject) => {
			const timer = setTimeout(() => {
				child.kill("SIGKILL");
				reject(new Error(`not ready after 180 s\n${this.log.slice(-2000)}`));
			}, 180_000);
			child.once("error", reject);
			child.once("exit", (code, signal) => {
				clearTimeout(timer);
				reject(new Error(`certmill demo ended (${code ?? signal})\n${this.log.slice(-2000)}`));
			});
			createInterface({ input: child.stdout as NodeJS.ReadableStream }).on("line", (line) => {
				if (!/^ready https:\/\//.test(line)) return;
				clearTimeout(timer);
				resolve();
			});
		});
		this.start_ms = performance.now() - begin;
		this.#read();
	}

	/** SIGTERM, and how long it took. */
	async stop(): Promise<number> {
		const child = this.#child;
		if (!child || child.exitCode !== null || child.signalCode !== null) return 0;
		const begin = performance.now();
		const gone = new Promise((resolve) => child.once("exit", resolve));
		child.kill("SIGTERM");
		const timer = setTimeout(() => child.kill("SIGKILL"), 20_000);
		await gone;
		clearTimeout(timer);
		this.#child = undefined;
		return performance.now() - begin;
	}

	async remove(): Promise<void> {
		await this.stop();
		rmSync(join(this.dir, ".."), { recursive: true, force: true });
	}

	/** A user of that role; `other` takes one of the second organization. */
	user(role: string, other = false): DemoUser {
		const names = [...new Set(this.demo.users.filter((u) => u.role === "orderer").map((u) => u.organization))];
		const inside = !["operator", "auditor"].includes(role);
		const found = this.demo.users.find((u) => u.role === role && (!inside || u.organization === names[other ? 1 : 0]));
		if (!found) throw new Error(`demo.json has no ${role}${other ? " of a second organization" : ""}`);
		return found;
	}
}
