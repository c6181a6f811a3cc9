// One line a test, and the counts as the last line.

import type { FullResult, Reporter, TestCase, TestError, TestResult } from "@playwright/test/reporter";

export default class Lines implements Reporter {
	#passed = 0;
	#failed = 0;

	printsToStdio(): boolean {
		return true;
	}

	onError(error: TestError): void {
		this.#failed++;
		console.log(`FAIL ${error.message ?? error.value ?? "?"}`);
	}

	onTestEnd(test: TestCase, result: TestResult): void {
		if (result.status === "skipped") return;
		const ok = result.status === "passed";
		console.log(`${ok ? "ok  " : "FAIL"} ${test.title} (${result.duration} ms)`);
		if (ok) this.#passed++;
		else {
			this.#failed++;
			for (const e of result.errors) console.log(`     ${(e.stack ?? e.message ?? "").split("\n").slice(0, 40).join("\n     ")}`);
			for (const a of result.annotations) console.log(`     ${a.type}: ${(a.description ?? "").replaceAll("\n", "\n     ")}`);
		}
	}

	onEnd(_: FullResult): void {
		console.log(`${this.#passed} passed, ${this.#failed} failed`);
	}
}
