import { useCallback, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, got } from '../api/client';
import { announce } from '../ui/announce';
import type { Selection } from '../ui/table/types';
import { certificatesParams } from './queries';
import type { CertificatesSearch } from './search';

/** So many can be selected at once by a filter; each request of a revocation takes a part of them. */
const selectMax = 100_000;
const pageSize = 1000;

interface CertificateSelection extends Selection {
	clear: () => void;
	/** Adds all that match and can be revoked; true when there were more than fit. */
	addMatching: (search: CertificatesSearch, profileId: number | undefined) => Promise<boolean>;
}

/** Serial numbers, kept over paging, sorting and filtering, and counted aloud. */
export function useSelection(): CertificateSelection {
	const { t } = useTranslation();
	const [selected, setSelected] = useState<ReadonlySet<string>>(new Set<string>());

	const toggle = useCallback(
		(ids: string[], on: boolean) =>
			setSelected((now) => {
				const next = new Set(now);
				for (const id of ids) {
					if (on) next.add(id);
					else next.delete(id);
				}
				announce(t('certificates.selected', { count: next.size }));
				return next;
			}),
		[t],
	);

	const clear = useCallback(() => setSelected(new Set<string>()), []);

	const addMatching = useCallback(
		async (search: CertificatesSearch, profileId: number | undefined) => {
			const serials: string[] = [];
			let cursor: string | undefined;
			do {
				const query = {
					...certificatesParams(search, profileId),
					status: 'issued' as const,
					cursor,
					limit: pageSize,
				};
				const page = await got(api.GET('/certificates', { params: { query } }));
				serials.push(...page.items.map((certificate) => certificate.serial_number));
				cursor = page.next_cursor ?? undefined;
			} while (cursor !== undefined && serials.length < selectMax);
			toggle(serials, true);
			return cursor !== undefined;
		},
		[toggle],
	);

	return useMemo(
		() => ({ selected, toggle, clear, addMatching }),
		[selected, toggle, clear, addMatching],
	);
}
