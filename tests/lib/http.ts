// HTTPS as a script would speak it: nothing is hidden, nothing follows redirects, nothing adds headers.

import * as http from "node:http";
import * as https from "node:https";

export interface Tls {
	ca: Buffer | string;
	cert?: Buffer | string;
	key?: Buffer | string;
}

export interface Reply {
	status: number;
	headers: http.IncomingHttpHeaders;
	raw: Buffer;
	ms: number;
}

const agents = new Map<string, https.Agent>();

function agent(tls: Tls): https.Agent {
	const key = `${tls.ca}${tls.cert ?? ""}`;
	let a = agents.get(key);

	if (!a) {
		a = new https.Agent({ ...tls, keepAlive: true, maxSockets: 16 });
		agents.set(key, a);
	}
	return a;
}

export function closeAgents(): void {
	for (const a of agents.values()) a.destroy();
	agents.clear();
}

/** One exchange; `body` is sent with its length unless `headers` say otherwise. */
export function exchange(
	url: string,
	tls: Tls,
	o: { method?: string; headers?: http.OutgoingHttpHeaders; body?: Buffer | string; timeout_ms?: number; retry?: boolean } = {},
): Promise<Reply> {
	return new Promise((resolve, reject) => {
		const begin = performance.now();
		const body = o.body === undefined ? undefined : Buffer.from(o.body as string);
		const secure = url.startsWith("https:");
		// As it was given: the URL class would take dots and doubled slashes out.
		const path = url.replace(/^https?:\/\/[^/?]*/, "") || "/";
		const req = (secure ? https : http).request(
			url,
			{
				path,
				servername: secure ? new URL(url).hostname : undefined,
				method: o.method ?? "GET",
				agent: secure ? agent(tls) : undefined,
				headers: { ...(body ? { "content-length": body.length } : {}), ...o.headers },
				timeout: o.timeout_ms ?? 60_000,
			},
			(res) => {
				const parts: Buffer[] = [];
				res.on("data", (d: Buffer) => parts.push(d));
				res.on("error", reject);
				res.on("end", () =>
					resolve({
						status: res.statusCode ?? 0,
						headers: res.headers,
						raw: Buffer.concat(parts),
						ms: performance.now() - begin,
					}),
				);
			},
		);
		let answered = false;
		req.on("response", () => {
			answered = true;
		});
		req.on("timeout", () => req.destroy(new Error(`no answer from ${url}`)));
		req.on("error", (e: NodeJS.ErrnoException) => {
			// A refused body may be cut off before it was sent; the answer then is what counts.
			if (answered) return;
			// The other side closed an idle connection at the moment it was used again.
			if (req.reusedSocket && (e.code === "ECONNRESET" || e.code === "EPIPE") && o.retry !== false)
				exchange(url, tls, { ...o, retry: false }).then(resolve, reject);
			else reject(e);
		});
		req.end(body);
	});
}

/** Opens a stream of server-sent events and hands each to `take` until that returns true. */
export function serverEvents(
	url: string,
	tls: Tls,
	headers: http.OutgoingHttpHeaders,
	take: (event: string, data: unknown, id: string) => boolean,
	timeout_ms = 30_000,
): Promise<{ status: number; headers: http.IncomingHttpHeaders }> {
	return new Promise((resolve, reject) => {
		const req = https.request(url, { ...tls, headers: { accept: "text/event-stream", ...headers }, agent: false }, (res) => {
			let text = "";
			const timer = setTimeout(() => {
				reject(new Error(`${url}: the event did not come within ${timeout_ms} ms`));
				req.destroy();
			}, timeout_ms);
			const done = () => {
				clearTimeout(timer);
				resolve({ status: res.statusCode ?? 0, headers: res.headers });
				req.destroy();
			};
			res.setEncoding("utf8");
			res.on("error", () => done());
			res.on("end", done);
			res.on("data", (d: string) => {
				text += d;
				for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
					const block = text.slice(0, end);
					text = text.slice(end + 2);
					const of = (name: string) =>
						block
							.split("\n")
							.filter((l) => l.startsWith(`${name}:`))
							.map((l) => l.slice(name.length + 1).replace(/^ /, ""))
							.join("\n");
					if (of("data") !== "" && take(of("event"), JSON.parse(of("data")), of("id"))) {
						done();
						return;
					}
				}
			});
		});
		req.on("error", reject);
		req.end();
	});
}
