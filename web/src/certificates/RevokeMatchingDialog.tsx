import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, got } from '../api/client';
import { type Revocation, RevokeDialog } from '../revoke/RevokeDialog';
import { notify } from '../ui/notices';
import { type CertificateFilter, refreshCertificates } from './queries';

/** What matched when it was selected; the server refuses when it is another number by then. */
export interface Matching {
	filter: CertificateFilter;
	count: number;
}

interface RevokeMatchingDialogProps {
	matching: Matching;
	onDone: () => void;
	onClose: () => void;
}

/** Revokes all that match the filters: each request takes a portion and tells what is left. */
export function RevokeMatchingDialog({ matching, onDone, onClose }: RevokeMatchingDialogProps) {
	const { t } = useTranslation();
	const client = useQueryClient();
	const [done, setDone] = useState(0);
	const { filter, count } = matching;

	const revoke = useMutation({
		mutationFn: async (order: Revocation) => {
			// After a failure it goes on where it stopped: `done` has left the filter.
			let revoked = done;
			for (let expected = count - done; expected > 0; ) {
				const answer = await got(
					api.POST('/certificates/revoke', { body: { filter, expected, ...order } }),
				);
				revoked += answer.revoked;
				setDone(revoked);
				expected = answer.remaining ?? 0;
			}
			return revoked;
		},
		onSuccess: (revoked) => {
			onDone();
			onClose();
			notify('success', t('revoke.done', { count: revoked }));
		},
		onSettled: () => refreshCertificates(client),
	});

	return (
		<RevokeDialog
			asksSince
			title={t('revoke.titleSome')}
			count={count}
			pending={revoke.isPending}
			done={done}
			error={revoke.error}
			onRevoke={revoke.mutate}
			onClose={onClose}
		/>
	);
}
