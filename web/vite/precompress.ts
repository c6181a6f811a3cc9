import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Plugin } from 'vite';

const kinds = new Set(['.js', '.css', '.html', '.svg', '.json', '.txt']);
const smallest = 1024;

const gz = promisify(gzip);
const br = promisify(brotliCompress);

async function* files(dir: string): AsyncGenerator<string> {
	for (const entry of await readdir(dir, { withFileTypes: true })) {
		const path = join(dir, entry.name);
		if (entry.isDirectory()) yield* files(path);
		else yield path;
	}
}

/** Writes NAME.gz and NAME.br beside every compressible file, so that nginx only sends files. */
export function precompress(): Plugin {
	let outDir = 'dist';
	return {
		name: 'precompress',
		apply: 'build',
		configResolved(config) {
			outDir = config.build.outDir;
		},
		writeBundle: {
			order: 'post',
			async handler() {
				for await (const path of files(outDir)) {
					if (!kinds.has(extname(path)) || (await stat(path)).size < smallest) continue;
					const data = await readFile(path);
					await writeFile(`${path}.gz`, await gz(data, { level: 9 }));
					await writeFile(
						`${path}.br`,
						await br(data, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: data.length } }),
					);
				}
			},
		},
	};
}
