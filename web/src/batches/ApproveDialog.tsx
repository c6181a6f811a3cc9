import { useTranslation } from 'react-i18next';
import { api, got } from '../api/client';
import type { Batch } from '../api/types';
import { ConfirmDialog } from '../ui/ConfirmDialog';
import { notify } from '../ui/notices';
import { useBatchChange } from './useChange';

interface BatchDialogProps {
	batch: Batch;
	onClose: () => void;
}

/** The second pair of eyes for a large order. */
export function ApproveDialog({ batch, onClose }: BatchDialogProps) {
	const { t } = useTranslation();
	const approve = useBatchChange(
		() =>
			got(api.POST('/batches/{batch_id}/approve', { params: { path: { batch_id: batch.id } } })),
		() => {
			onClose();
			notify('success', t('batches.approved', { id: batch.id }));
		},
	);
	return (
		<ConfirmDialog
			title={t('batches.approveTitle')}
			label={t('batches.of', { id: batch.id, name: batch.name })}
			pending={approve.isPending}
			error={approve.error}
			onConfirm={() => approve.mutate(undefined)}
			onClose={onClose}
		>
			<p>{t('batches.approveText', { count: batch.size, user: batch.created_by })}</p>
		</ConfirmDialog>
	);
}
