import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, got } from '../api/client';
import { ConfirmDialog } from '../ui/ConfirmDialog';
import { notify } from '../ui/notices';
import { refreshCertificates } from './queries';

/** Takes back a hold. */
export function ReleaseDialog({ serial, onClose }: { serial: string; onClose: () => void }) {
	const { t } = useTranslation();
	const client = useQueryClient();
	const release = useMutation({
		mutationFn: () =>
			got(api.POST('/certificates/release', { body: { serial_numbers: [serial] } })),
		onSuccess: () => {
			onClose();
			notify('success', t('revoke.released'));
		},
		onSettled: () => refreshCertificates(client),
	});
	return (
		<ConfirmDialog
			title={t('revoke.releaseTitle')}
			label={serial}
			pending={release.isPending}
			error={release.error}
			onConfirm={() => release.mutate()}
			onClose={onClose}
		>
			<p>{t('revoke.releaseText')}</p>
		</ConfirmDialog>
	);
}
