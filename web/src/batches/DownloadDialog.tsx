import { Select, SelectItem } from '@carbon/react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Batch, Format } from '../api/types';
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
	const [chosen, setChosen] = useState<Format | undefined>(batch.packaging);
	const formats = batch.formats ?? [];
	const again = batch.downloaded_at !== null;
	const download = useMutation({
		// As it was ordered needs no name; a named format comes with a manifest in JSON too.
		mutationFn: () => downloadBatch(client, batch, chosen === batch.packaging ? undefined : chosen),
		onSuccess: () => {
			onClose();
			notify('success', t('batches.downloadStarted', { id: batch.id }));
		},
	});
	return (
		<ConfirmDialog
			title={t(again ? 'batches.downloadAgainTitle' : 'batches.downloadTitle')}
			label={t('batches.of', { id: batch.id, name: batch.name })}
			pending={download.isPending}
			error={download.error}
			onConfirm={() => download.mutate()}
			onClose={onClose}
		>
			<p>{t(again ? 'batches.downloadAgainText' : 'batches.downloadText')}</p>
			{formats.length > 1 && (
				<Select
					id="download-format"
					labelText={t('batches.format')}
					value={chosen}
					onChange={(event) => setChosen(formats.find((one) => one === event.target.value))}
				>
					{formats.map((one) => (
						<SelectItem key={one} value={one} text={t(`batches.formats.${one}`)} />
					))}
				</Select>
			)}
		</ConfirmDialog>
	);
}
