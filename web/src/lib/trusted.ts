/** The one Trusted Types policy that the page's Content-Security-Policy names. */
interface ScriptPolicy {
	createScriptURL(url: string): string;
}

interface PolicyFactory {
	createPolicy(name: string, rules: { createScriptURL: (url: string) => string }): ScriptPolicy;
}

let policy: ScriptPolicy | undefined;

function sameOriginScript(url: string): string {
	const { origin } = new URL(url, location.href);
	if (origin !== location.origin) throw new TypeError(`not a script of this page: ${url}`);
	return url;
}

/** Starts a module worker from the address that `import url from './x?worker&url'` gives. */
export function startWorker(url: string): Worker {
	const factory = (globalThis as { trustedTypes?: PolicyFactory }).trustedTypes;
	policy ??= factory?.createPolicy('dcp', { createScriptURL: sameOriginScript }) ?? {
		createScriptURL: sameOriginScript,
	};
	return new Worker(policy.createScriptURL(url), { type: 'module' });
}
