import { useCallback, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { announce } from '../ui/announce';
import type { Selection } from '../ui/table/types';

interface CertificateSelection extends Selection {
	clear: () => void;
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

	return useMemo(() => ({ selected, toggle, clear }), [selected, toggle, clear]);
}
