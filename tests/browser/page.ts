// A page that is watched: a test fails on a console error, an uncaught exception or a breach of the CSP.

import { AxeBuilder } from "@axe-core/playwright";
import { type BrowserContext, test as base, expect, type Locator, type Page } from "@playwright/test";
import { Client } from "../lib/client.ts";
import { type DemoUser, Instance } from "../lib/instance.ts";
import { setWorld, world } from "../lib/world.ts";

export { expect };

export interface Portal {
	instance: Instance;
	/** A page of that user, with the user's certificate, logged in over the API unless told otherwise. */
	open(role: string, o?: { other?: boolean; logIn?: boolean; certificate?: boolean; path?: string; theme?: "light" | "dark"; width?: number }): Promise<Page>;
}

export const test = base.extend<{ portal: Portal }, { instance: Instance }>({
	instance: [
		async ({}, use) => {
			const at = JSON.parse(process.env.CERTMILL_TEST_INSTANCE ?? "{}") as { dir: string; base: number };
			const instance = Instance.attach(at.dir, at.base);
			await setWorld(instance);
			await use(instance);
		},
		{ scope: "worker" },
	],

	portal: async ({ browser, instance }, use, info) => {
		const contexts: BrowserContext[] = [];
		const seen: string[] = [];

		await use({
			instance,
			async open(role, o = {}) {
				const user = instance.user(role, o.other);
				const context = await browser.newContext({
					baseURL: instance.demo.portal_url,
					ignoreHTTPSErrors: true,
					colorScheme: o.theme ?? "light",
					acceptDownloads: true,
					...(o.width ? { viewport: { width: o.width, height: 800 } } : {}),
					...(o.certificate === false ? {} : { clientCertificates: [{ origin: new URL(instance.demo.mtls_url).origin, certPath: user.certificate_pem, keyPath: user.key_pem }] }),
				});
				contexts.push(context);
				await context.addInitScript(() => {
					document.addEventListener("securitypolicyviolation", (e) => console.error(`CSP: ${e.violatedDirective} ${e.blockedURI}`));
				});
				context.on("console", (m) => {
					// The browser's own note of an answer that the page handles.
					const answered = /^Failed to load resource: the server responded with a status of 4\d\d/.test(m.text()) && /\/api\/v1\//.test(m.location().url);
					if (m.type() === "error" && !answered) seen.push(`console: ${m.text()} (${m.location().url})`);
				});
				context.on("weberror", (e) => seen.push(`uncaught: ${e.error().message}`));
				if (o.logIn !== false) await logInByApi(context, instance, user);
				const page = await context.newPage();
				if (o.logIn !== false) {
					await page.goto("/enter");
					await chooseProfile(page);
					if (o.path) await page.goto(o.path);
				} else await page.goto(o.path ?? "/");
				return page;
			},
		});
		// What was to be seen when it failed, for the report.
		if (info.status !== info.expectedStatus)
			for (const page of contexts.flatMap((c) => c.pages()))
				info.annotations.push({ type: "page", description: `${page.url()}\n${(await page.locator("body").innerText()).slice(0, 2000)}` });
		for (const c of contexts) await c.close();
		expect(seen).toEqual([]);
	},
});

async function logInByApi(context: BrowserContext, instance: Instance, user: DemoUser): Promise<void> {
	const c = new Client(instance, user, "nothing");
	await c.logIn();
	await context.addCookies(
		[...c.cookies].map(([name, value]) => ({ name, value, domain: "localhost", path: "/", secure: true, httpOnly: true, sameSite: "Strict" as const })),
	);
}

/** The step after the log-in, where it shows: the P-256 profile that has plenty. */
export async function chooseProfile(page: Page): Promise<void> {
	const enter = page.getByRole("button", { name: "Enter", exact: true });
	await expect(enter.or(page.getByRole("link", { name: "Batches", exact: true }).first())).toBeVisible();
	if (!(await enter.isVisible())) return;
	await page.getByLabel("Ecosystem", { exact: true }).selectOption({ label: world.ec.ecosystem.name });
	const profile = page.getByLabel("Profile", { exact: true });
	if (await profile.isVisible()) await profile.selectOption({ label: world.ec.name });
	await enter.click();
	await expect(page.getByRole("link", { name: "Batches", exact: true }).first()).toBeVisible();
}

export async function logIn(page: Page, user: DemoUser, password = user.password): Promise<void> {
	await page.getByLabel("Username", { exact: true }).fill(user.username);
	await page.getByLabel("Password", { exact: true }).fill(password);
	await page.getByRole("button", { name: "Next", exact: true }).click();
}

export async function tab(page: Page, name: "Dashboard" | "Batches" | "Certificate Profiles" | "Certificates"): Promise<void> {
	await page.getByRole("link", { name, exact: true }).first().click();
	await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
}

/** The row of a list that has this text, and its actions, which show on hover. */
export function row(page: Page, text: string): Locator {
	return page.getByRole("row").filter({ hasText: text }).first();
}

export async function act(page: Page, text: string, action: "Details" | "Download" | "Reject" | "Revoke"): Promise<void> {
	const r = row(page, text);
	await r.hover();
	await r.getByRole("button", { name: action, exact: true }).click();
}

/** No violation of WCAG 2.2 A and AA that axe can find, other than for the moment that a change takes. */
export async function accessible(page: Page): Promise<void> {
	// What a scrolled page hides in part below its header is no small target.
	await page.evaluate(() => [document.scrollingElement, document.querySelector("main")].forEach((e) => e?.scrollTo(0, 0)));
	await expect(page.getByRole("heading", { level: 1 }).first()).toBeVisible();
	await expect(page.locator('[aria-busy="true"]')).toHaveCount(0);
	await expect(async () => {
		// Colors halfway between two states are neither; what a scrolled page hides in part is no small target.
		await page.evaluate(() => scrollTo(0, 0));
		await page.evaluate(() => Promise.allSettled(document.getAnimations().filter((a) => a.effect?.getComputedTiming().endTime !== Infinity).map((a) => a.finished)));
		const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]).analyze();
		expect(violations.map((v) => `${new URL(page.url()).pathname}: ${v.id}: ${v.nodes.map((n) => n.target.join(" ")).join(", ")}`)).toEqual([]);
	}).toPass({ timeout: 15_000, intervals: [500, 1000] });
}
