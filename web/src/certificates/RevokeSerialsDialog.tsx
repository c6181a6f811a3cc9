import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, got } from '../api/client';
import { type Revocation, RevokeDialog } from '../revoke/RevokeDialog';
import { notify } from '../ui/notices';
import { refreshCertificates } from './queries';

/** What one request may name. */
const requestMax = 10_000;

interface RevokeSerialsDialogProps {
	serials: string[];
	onClose: () => void;
	onDone: () => void;
}

/** Revokes any number of certificates; a part that was revoked before a failure is said. */
export function RevokeSerialsDialog({ serials, onClose, onDone }: RevokeSerialsDialogProps) {
	const { t } = useTranslation();
	const client = useQueryClient();
	const [done, setDone] = useState(0);

	const revoke = useMutation({
		mutationFn: async (order: Revocation) => {
			const total = { revoked: 0, already: 0 };
			for (let at = 0; at < serials.length; at += requestMax) {
				const serial_numbers = serials.slice(at, at + requestMax);
				const answer = await got(
					api.POST('/certificates/revoke', { body: { serial_numbers, ...order } }),
				);
				total.revoked += answer.revoked;
				total.already += answer.already_revoked;
				setDone(at + serial_numbers.length);
			}
			return total;
		},
		onSuccess: ({ revoked, already }) => {
			onDone();
			onClose();
			notify(
				'success',
				t('revoke.done', { count: revoked }),
				already > 0 ? t('revoke.already', { count: already }) : undefined,
			);
		},
		onSettled: () => {
			refreshCertificates(client);
		},
	});

	return (
		<RevokeDialog
			title={t(serials.length === 1 ? 'revoke.titleOne' : 'revoke.titleSome')}
			label={serials.length === 1 ? serials[0] : undefined}
			count={serials.length}
			pending={revoke.isPending}
			done={serials.length > requestMax ? done : undefined}
			error={revoke.error}
			asksSince
			onRevoke={revoke.mutate}
			onClose={onClose}
		/>
	);
}
