/** A round number at or above the largest value, for the top of an axis with four steps. */
export function niceTop(largest: number): number {
	if (largest <= 4) return 4;
	const unit = 10 ** Math.floor(Math.log10(largest));
	for (const step of [1, 2, 4, 5, 8, 10]) {
		const top = step * unit;
		if (top >= largest && top % 4 === 0) return top;
	}
	return Math.ceil(largest / (4 * unit)) * 4 * unit;
}

/** Every so many labels are drawn, so that they do not run into each other. */
export function labelStep(count: number, width: number, labelWidth: number): number {
	const fit = Math.max(1, Math.floor(width / labelWidth));
	return Math.max(1, Math.ceil(count / fit));
}
