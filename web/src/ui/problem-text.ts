import type { TFunction } from 'i18next';
import { ApiProblem } from '../api/problem';

export function problemTitle(t: TFunction, error: unknown): string {
	if (!(error instanceof ApiProblem)) return t('problems.title');
	if (error.status === 0) return t('problems.offline');
	if (error.status === 403) return t('problems.forbidden');
	if (error.status >= 500) return t(error.passing ? 'problems.unavailable' : 'problems.internal');
	return t('problems.title');
}

/** One line a person can act on. */
export function problemText(t: TFunction, error: unknown): string {
	if (!(error instanceof ApiProblem)) return error instanceof Error ? error.message : String(error);
	if (error.status === 0) return t('problems.offlineText');
	if (error.status >= 500) {
		return t(error.passing ? 'problems.unavailableText' : 'problems.internalText');
	}
	if (error.status === 429 && error.retryAfterS) {
		return t('problems.wait', { seconds: error.retryAfterS });
	}
	const parts = error.errors.map((item) => {
		const where = [item.field, item.line].filter((part) => part !== undefined).join(' ');
		return where ? `${where}: ${item.message}` : item.message;
	});
	return parts.length > 0 ? parts.slice(0, 5).join(' · ') : error.detail || error.message;
}
