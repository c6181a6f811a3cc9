import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { Batch } from '../api/types';
import { ConfirmDialog } from '../ui/ConfirmDialog';
import { notify } from '../ui/notices';
import { downloadBatch } from './download';

interface BatchDialogProps {
	batch: Batch;
	onClose: () => void;
}

/** The first download is the point of no return; the guide's users learn that too late. */
export function DownloadDialog({ batch, onClose }: BatchDialogProps) {
	const { t } = useTranslation();
	const client = useQueryClient();
	const download = useMutation({
		mutationFn: () => downloadBatch(client, batch),
		onSuccess: () => {
			onClose();
			notify('success', t('batches.downloadStarted', { id: batch.id }));
		},
	});
	return (
		<ConfirmDialog
			title={t('batches.downloadTitle')}
			label={t('batches.of', { id: batch.id, name: batch.name })}
			pending={download.isPending}
			error={download.error}
			onConfirm={() => download.mutate()}
			onClose={onClose}
		>
			<p>{t('batches.downloadText')}</p>
		</ConfirmDialog>
	);
}
