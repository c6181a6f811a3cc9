// One instance for all browser tests; it ends with them.

import { Client, settled } from "../lib/client.ts";
import { closeAgents } from "../lib/http.ts";
import { Instance } from "../lib/instance.ts";
import { made, setWorld, world } from "../lib/world.ts";

export default async function setup(): Promise<() => Promise<void>> {
	const instance = await Instance.make();
	try {
		await setWorld(instance);
		// Something to look at on every page.
		const c = new Client(instance, instance.user("orderer"));
		for (const [name, size] of [["line 1", 3], ["line 2", 12]] as const) await settled(c, (await made(c, world.ec, name, size)).id);
	} catch (e) {
		await instance.remove();
		throw e;
	}
	process.env.CERTMILL_TEST_INSTANCE = JSON.stringify({ dir: instance.dir, base: instance.base });
	return async () => {
		closeAgents();
		await instance.remove();
	};
}
