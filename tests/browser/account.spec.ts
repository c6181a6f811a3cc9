// One's own account: where one is logged in, with what, since when; tokens; several organizations; too many tries.

import { Client } from "../lib/client.ts";
import { as, made, world } from "../lib/world.ts";
import { accessible, chooseProfile, expect, logIn, row, tab, test } from "./page.ts";
import { newcomer } from "./people.ts";

test("the header says when and from where one logged in last; sessions are listed and ended", async ({ portal, browser }) => {
	const { instance } = portal;
	const there = new Client(instance, instance.user("revoker"), "nothing");
	await there.logIn();
	const page = await portal.open("revoker", { path: "/settings" });
	await expect(page.getByText(/Last login .+ from 127\.0\.0\.1/).first()).toBeVisible();
	const sessions = page.getByRole("table", { name: "Sessions" });
	await expect(row(page, "This one")).toBeVisible();
	await accessible(page);

	// A second browser of the same user, ended from the first.
	const user = instance.user("revoker");
	const context = await browser.newContext({
		baseURL: instance.demo.portal_url,
		ignoreHTTPSErrors: true,
		clientCertificates: [{ origin: new URL(instance.demo.mtls_url).origin, certPath: user.certificate_pem, keyPath: user.key_pem }],
	});
	const second = await context.newPage();
	await second.goto("/login");
	await logIn(second, user);
	await chooseProfile(second);
	await page.reload();
	await expect(row(page, "HeadlessChrome").or(row(page, "Chrome"))).toBeVisible();
	for (;;) {
		const others = sessions.getByRole("button", { name: "End the session" });
		const left = await others.count();
		if (left === 0) break;
		await others.first().focus();
		await others.first().click();
		await expect(others).toHaveCount(left - 1);
	}
	await expect(page.getByText("The session is ended.").first()).toBeVisible();
	await expect(sessions.getByRole("row")).toHaveCount(2);
	await there.call("getMe", 401);
	await second.reload();
	await expect(second.getByLabel("Username", { exact: true })).toBeVisible();
	await context.close();
});

test("too many wrong passwords: the page says how long to wait, and nothing about the account", async ({ portal }) => {
	const page = await portal.open("viewer", { logIn: false, certificate: false });
	const user = { ...portal.instance.user("viewer"), username: `nobody-${Date.now()}` };
	for (let i = 0; i < 25 && !(await page.getByText("Too many tries").isVisible()); i++) {
		await logIn(page, user, `wrong ${i}`);
		await expect(page.getByText("do not go together").or(page.getByText("Too many tries"))).toBeVisible();
		await expect(page.getByRole("button", { name: "Next", exact: true })).toBeEnabled();
	}
	await expect(page.getByText("Too many tries")).toBeVisible();
	await expect(page.getByRole("alert").filter({ hasText: /Wait \d+ s and try again/ })).toBeVisible();
	await accessible(page);
	// Others are not held up.
	await page.reload();
	await logIn(page, portal.instance.user("viewer"));
	await expect(page.getByText("Too many tries")).toHaveCount(0);
});

test("API tokens: made with scopes and an end, shown once, used, revoked", async ({ portal }) => {
	const page = await portal.open("organization_admin", { path: "/settings" });
	const name = `line 4 ${Date.now()}`;
	await page.getByRole("button", { name: "New token" }).click();
	const dialog = page.getByRole("dialog");
	await dialog.getByRole("button", { name: "Make the token" }).click();
	await expect(dialog.getByLabel("Token name")).toHaveAttribute("aria-invalid", "true");
	await dialog.getByLabel("Token name").fill(name);
	await dialog.getByText("Revoke", { exact: true }).click();
	await dialog.getByLabel("Expires").selectOption({ label: "In 7 days" });
	await accessible(page);
	await dialog.getByRole("button", { name: "Make the token" }).click();
	await expect(dialog.getByText("it is shown this once")).toBeVisible();
	const token = (await dialog.locator("code.secret").textContent()) ?? "";
	await accessible(page);
	await dialog.getByRole("button", { name: "Close" }).last().click();
	await expect(row(page, name)).toContainText("view revoke");
	await expect(row(page, name)).toContainText("Active");
	expect(await page.content()).not.toContain(token);

	const c = new Client(portal.instance, undefined, "nothing");
	c.token = token;
	await c.call("listBatches", 200);
	await c.call("createBatch", 403, { json: {} });
	await row(page, name).hover();
	await row(page, name).getByRole("button", { name: "Revoke the token" }).click();
	await page.getByRole("dialog").getByRole("button", { name: "OK", exact: true }).click();
	await expect(row(page, name)).toContainText("Revoked");
	await c.call("listBatches", 401);

	const viewer = await portal.open("viewer", { path: "/settings" });
	await expect(viewer.getByRole("heading", { name: "API tokens" })).toBeVisible();
	await expect(viewer.getByRole("button", { name: "New token" })).toHaveCount(0);
});

test("a user of two organizations acts for one at a time, and switches in the header", async ({ portal, browser }) => {
	const op = as("operator");
	const [own, other] = [portal.instance.user("viewer").organization ?? "?", portal.instance.user("viewer", true).organization ?? "?"];
	const { page, username, enter, close } = await newcomer(portal, browser, { role: "Viewer" });
	const id = (await op.call("listUsers", 200, { query: { username } })).body.items[0]?.id;
	const name = `of the other ${Date.now()}`;
	await made(as("orderer", true), world.ec, name, 1);
	await tab(page, "Batches");
	await expect(page.getByRole("button", { name: "New order" })).toHaveCount(0);
	await expect(page.getByRole("button", { name: new RegExp(`${own}.*Change`) }), "nothing to switch to").toHaveCount(0);

	const operator = await portal.open("operator", { path: `/admin/users/${id}` });
	await operator.getByRole("button", { name: "Add to an organization" }).click();
	const dialog = operator.getByRole("dialog");
	await dialog.getByLabel("Organization").selectOption({ label: other });
	await dialog.getByLabel("Role").selectOption({ label: "Orderer" });
	await accessible(operator);
	await dialog.getByRole("button", { name: "Save", exact: true }).click();
	await expect(row(operator, other)).toContainText("Orderer");

	// A new role ends what the user had open.
	await enter();
	await page.getByRole("button", { name: new RegExp(own) }).click();
	await accessible(page);
	await page.getByRole("button", { name: new RegExp(`${other}.*Orderer`) }).click();
	await expect(page.getByText("Choose what to work with")).toBeVisible();
	await chooseProfile(page);
	await expect(page.getByRole("button", { name: new RegExp(other) })).toBeVisible();
	await tab(page, "Batches");
	await expect(page.getByRole("button", { name: "New order" })).toBeVisible();
	await page.getByText("For Current Profile").click();
	await expect(row(page, name)).toBeVisible();
	await page.getByRole("button", { name: new RegExp(other) }).click();
	// Another session, and so another document; the menu has both names until it is there.
	await Promise.all([page.waitForEvent("load"), page.getByRole("button", { name: new RegExp(`${own}.*Viewer`) }).click()]);
	await expect(page.getByRole("button", { name: new RegExp(own) })).toBeVisible();
	await tab(page, "Batches");
	await expect(row(page, "line 1")).toBeVisible();
	await expect(page.getByText(name)).toHaveCount(0);

	// The membership ends, and with it what was reached through it.
	await row(operator, other).hover();
	await row(operator, other).getByRole("button", { name: "Take out of the organization" }).click();
	await operator.getByRole("dialog").getByRole("button", { name: "OK", exact: true }).click();
	await expect(row(operator, other)).toHaveCount(0);
	await close();
});
