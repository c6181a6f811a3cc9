// One line a test; counts go to the file that CERTMILL_COUNTS names, for the run script to add up.

import { appendFileSync } from "node:fs";

export default async function* report(source) {
	let passed = 0;
	let failed = 0;
	for await (const { type, data } of source) {
		if (type === "test:diagnostic" && data.nesting === 0 && /^note /.test(data.message)) yield `     ${data.message.slice(5)}\n`;
		if (type !== "test:pass" && type !== "test:fail") continue;
		if (data.details?.type === "suite" || data.skip !== undefined) continue;
		const ms = Math.round(data.details?.duration_ms ?? 0);
		if (type === "test:pass") {
			passed++;
			yield `ok   ${data.name} (${ms} ms)\n`;
		} else {
			failed++;
			const e = data.details?.error;
			const cause = e?.cause ?? e;
			const text = String(cause?.stack ?? cause?.message ?? cause).split("\n").slice(0, 24).join("\n     ");
			yield `FAIL ${data.name} (${ms} ms)\n     ${text}\n`;
		}
	}
	if (process.env.CERTMILL_COUNTS) appendFileSync(process.env.CERTMILL_COUNTS, `${passed} ${failed}\n`);
}
