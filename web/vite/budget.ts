import { gzipSync } from 'node:zlib';
import type { Plugin, Rolldown } from 'vite';

type Chunk = Rolldown.OutputChunk;
type Bundle = Rolldown.OutputBundle;

const kib = 1024;

/** What a first visit may cost, compressed. */
const startScripts = 220 * kib;
const styles = 60 * kib;
const chunk = 60 * kib;
/** Not of a page: loaded by the one button that needs it. */
const tools: Record<string, number> = { pkcs: 90 * kib };

/** The page that a first visit opens. */
const startPage = 'DashboardPage';

function size(code: string | Uint8Array): number {
	return gzipSync(code, { level: 9 }).length;
}

function withImports(bundle: Bundle, from: Chunk[]): Set<Chunk> {
	const seen = new Set<Chunk>();
	const queue = [...from];
	for (let next = queue.pop(); next; next = queue.pop()) {
		if (seen.has(next)) continue;
		seen.add(next);
		for (const name of next.imports) {
			const file = bundle[name];
			if (file?.type === 'chunk') queue.push(file);
		}
	}
	return seen;
}

/** Fails the build when the page has grown too large for a first visit. */
export function budget(): Plugin {
	return {
		name: 'budget',
		apply: 'build',
		writeBundle(_, bundle) {
			const files = Object.values(bundle);
			const chunks = files.filter((file) => file.type === 'chunk');
			const first = chunks.filter((file) => file.isEntry || file.name === startPage);
			const start = withImports(bundle, first);
			const scripts = [...start].reduce((sum, file) => sum + size(file.code), 0);
			if (scripts > startScripts) {
				this.error(
					`the first visit loads ${scripts} octets of scripts, ${startScripts} are allowed`,
				);
			}
			for (const file of chunks) {
				const most = tools[file.name] ?? chunk;
				if (!start.has(file) && size(file.code) > most) {
					this.error(`${file.fileName} is larger than ${most} octets`);
				}
			}
			for (const file of files) {
				if (file.type === 'asset' && file.fileName.endsWith('.css') && size(file.source) > styles) {
					this.error(`${file.fileName} is larger than ${styles} octets`);
				}
			}
			this.info(`first visit: ${Math.round(scripts / kib)} KiB of scripts`);
		},
	};
}
