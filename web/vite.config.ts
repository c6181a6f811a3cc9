import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';
import { budget } from './vite/budget.ts';
import { licenses } from './vite/licenses.ts';
import { precompress } from './vite/precompress.ts';

// Where `npm run dev` finds a running instance, for example https://localhost:8443.
const instance = process.env.CERTMILL_URL;

export default defineConfig({
	plugins: [react(), licenses(), budget(), precompress()],
	css: { preprocessorOptions: { scss: { quietDeps: true } } },
	build: {
		target: 'es2022',
		// The page's policy allows neither data: URLs nor inline scripts.
		assetsInlineLimit: 0,
		modulePreload: { polyfill: false },
		sourcemap: false,
		license: { fileName: 'licenses.txt' },
		reportCompressedSize: false,
	},
	worker: { format: 'es' },
	server: {
		proxy: instance ? { '/api': { target: instance, secure: false } } : undefined,
	},
	test: {
		environment: 'happy-dom',
		include: ['src/**/*.test.{ts,tsx}'],
	},
});
