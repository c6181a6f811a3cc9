import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const fonts = ['@ibm/plex-sans', '@ibm/plex-mono'];
const styles = ['@carbon/styles', '@carbon/themes', '@carbon/colors'];

async function entry(name: string): Promise<string> {
	const dir = join(root, 'node_modules', name);
	const about = JSON.parse(await readFile(join(dir, 'package.json'), 'utf8')) as {
		version: string;
		license: string;
	};
	const text = await readFile(join(dir, 'LICENSE.txt'), 'utf8').catch(() =>
		readFile(join(dir, 'LICENSE'), 'utf8'),
	);
	return `## ${name} - ${about.version} (${about.license})\n\n${text.trim()}\n`;
}

/** Vite lists the licenses of the scripts that it bundles; fonts and style sheets are added here. */
export function licenses(): Plugin {
	return {
		name: 'licenses',
		apply: 'build',
		async generateBundle() {
			const parts = await Promise.all([...fonts, ...styles].map(entry));
			this.emitFile({
				type: 'asset',
				fileName: 'licenses-styles.txt',
				source: `# Licenses of the fonts and style sheets\n\n${parts.join('\n')}`,
			});
		},
	};
}
