// A scenario is a test with a name; in a short run only those that are marked so take part.

import { test } from "node:test";

export const short = process.argv.includes("--short");

export function scenario(name: string, run: () => Promise<void> | void, o: { short?: boolean } = {}): void {
	if (!short || o.short) test(name, { timeout: 240_000 }, run);
}
