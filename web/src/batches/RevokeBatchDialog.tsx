import { useTranslation } from 'react-i18next';
import { api, got } from '../api/client';
import type { Batch } from '../api/types';
import { type Revocation, RevokeDialog } from '../revoke/RevokeDialog';
import { notify } from '../ui/notices';
import { useBatchChange } from './useChange';

interface BatchDialogProps {
	batch: Batch;
	onClose: () => void;
}

export function RevokeBatchDialog({ batch, onClose }: BatchDialogProps) {
	const { t } = useTranslation();
	const revoke = useBatchChange(
		({ reason }: Revocation) =>
			got(
				api.POST('/batches/{batch_id}/revoke', {
					params: { path: { batch_id: batch.id } },
					body: { reason },
				}),
			),
		() => {
			onClose();
			notify('success', t('batches.revoked', { id: batch.id }));
		},
	);
	return (
		<RevokeDialog
			title={t('revoke.titleBatch')}
			label={t('batches.of', { id: batch.id, name: batch.name })}
			count={batch.succeeded - batch.revoked}
			profileId={batch.profile.id}
			pending={revoke.isPending}
			error={revoke.error}
			onRevoke={revoke.mutate}
			onClose={onClose}
		/>
	);
}
