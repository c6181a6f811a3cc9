import { accessible, chooseProfile, expect, logIn, test } from "./page.ts";

test("log-in: a wrong password says so, the right one asks for the certificate and lets in", async ({ portal }) => {
	const page = await portal.open("orderer", { logIn: false });
	const user = portal.instance.user("orderer");
	await accessible(page);
	await logIn(page, user, "wrong");
	await expect(page.getByText("do not go together")).toBeVisible();
	await expect(page.getByLabel("Password", { exact: true })).toBeFocused();
	await accessible(page);

	await logIn(page, user);
	const enter = page.getByRole("button", { name: "Enter", exact: true });
	await expect(enter).toBeVisible();
	await expect(page.getByLabel("Ecosystem", { exact: true })).toBeVisible();
	await accessible(page);
	await chooseProfile(page);
	await expect(page).toHaveURL(new RegExp(`^https://localhost:${portal.instance.base + 443}/`));

	for (const name of ["Dashboard", "Batches", "Certificate Profiles", "Certificates"]) await expect(page.getByRole("link", { name, exact: true }).first()).toBeVisible();
	await expect(page.getByText(/Certificates Ordered\/Issued: [\d,]+\/[\d,]+/).first()).toBeVisible();
	await expect(page.getByText(/Certificates Available: [\d,]+/).first()).toBeVisible();
	await expect(page.getByText(/Last login/).first()).toBeVisible();
	await expect(page.getByText(user.organization ?? "?").first()).toBeVisible();

	const cookies = await page.context().cookies();
	expect(cookies.filter((c) => c.name === "__Host-certmill").map((c) => [c.httpOnly, c.secure, c.sameSite])).toEqual([[true, true, "Strict"]]);
	await page.getByRole("button", { name: /User menu/ }).click();
	await page.getByRole("button", { name: "Log out" }).click();
	await expect(page.getByLabel("Username", { exact: true })).toBeVisible();
	await page.goto("/batches");
	await expect(page.getByLabel("Username", { exact: true })).toBeVisible();
});

test("log-in: without a certificate one comes back with help", async ({ portal }) => {
	const page = await portal.open("orderer", { logIn: false, certificate: false });
	await logIn(page, portal.instance.user("orderer"));
	await expect(page.getByText("No certificate was presented")).toBeVisible();
	await expect(page).toHaveURL(/\/login/);
	await accessible(page);
});

test("log-in: the way back leads to the page that was asked for", async ({ portal }) => {
	const page = await portal.open("viewer", { logIn: false, path: "/certificates" });
	await logIn(page, portal.instance.user("viewer"));
	await chooseProfile(page);
	await expect(page).toHaveURL(/\/certificates/);
	await expect(page.getByRole("button", { name: "New order" })).toHaveCount(0);
});

test("forgot password: the same words whoever asks", async ({ portal }) => {
	const page = await portal.open("orderer", { logIn: false });
	for (const name of [portal.instance.user("revoker").username, "nobody-at-all"]) {
		await page.goto("/login");
		await page.getByRole("link", { name: "Forgot Password" }).click();
		await page.getByLabel("Username", { exact: true }).fill(name);
		await page.getByRole("button", { name: "Send the link" }).click();
		await expect(page.getByText("a mail is on its way")).toBeVisible();
	}
	await accessible(page);
});
