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

export function RejectDialog({ batch, onClose }: BatchDialogProps) {
	const { t } = useTranslation();
	// Failed items were credited when they failed.
	const credit = batch.size - batch.failed;
	const reject = useBatchChange(
		() => got(api.POST('/batches/{batch_id}/reject', { params: { path: { batch_id: batch.id } } })),
		() => {
			onClose();
			notify(
				'success',
				t('batches.rejected', { id: batch.id }),
				t('batches.rejectedText', { count: credit }),
			);
		},
	);
	return (
		<ConfirmDialog
			danger
			title={t('batches.rejectTitle')}
			label={t('batches.of', { id: batch.id, name: batch.name })}
			pending={reject.isPending}
			error={reject.error}
			onConfirm={() => reject.mutate(undefined)}
			onClose={onClose}
		>
			<p>{t('batches.rejectText', { count: credit })}</p>
		</ConfirmDialog>
	);
}
