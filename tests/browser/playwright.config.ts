// The page in the system's Chromium, against a real instance that `setup.ts` starts.

import { existsSync } from "node:fs";
import { defineConfig } from "@playwright/test";

const chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);

export default defineConfig({
	testDir: ".",
	testMatch: "*.spec.ts",
	outputDir: process.env.WORK ? `${process.env.WORK}/results` : "results",
	globalSetup: "./setup.ts",
	reporter: [["./reporter.ts"]],
	workers: 1,
	fullyParallel: false,
	retries: 0,
	timeout: 90_000,
	expect: { timeout: 15_000 },
	use: {
		browserName: "chromium",
		headless: true,
		ignoreHTTPSErrors: true,
		viewport: { width: 1280, height: 900 },
		locale: "en-US",
		timezoneId: "UTC",
		actionTimeout: 15_000,
		navigationTimeout: 30_000,
		launchOptions: {
			executablePath: chromium,
			args: [...(process.getuid?.() === 0 ? ["--no-sandbox"] : []), "--disable-dev-shm-usage", "--disable-gpu"],
		},
	},
});
