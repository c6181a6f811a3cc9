import { Button } from '@carbon/react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Batch } from '../api/types';
import { Dialog } from '../ui/Dialog';
import { StatusTag } from '../ui/StatusTag';
import { BatchProgress } from './BatchProgress';
import { HistoryTable } from './HistoryTable';
import { ItemsTable } from './ItemsTable';
import { batchQuery } from './queries';

interface BatchDialogProps {
	batch: Batch;
	onClose: () => void;
}

/** The guide's window: what happened to the batch, and to each of its certificates. */
export function HistoryDialog({ batch: opened, onClose }: BatchDialogProps) {
	const { t } = useTranslation();
	const { data: batch = opened } = useQuery({ ...batchQuery(opened.id), initialData: opened });
	return (
		<Dialog
			wide
			title={t('batches.historyTitle')}
			label={t('batches.of', { id: batch.id, name: batch.name })}
			onClose={onClose}
			footer={<Button onClick={onClose}>{t('common.close')}</Button>}
		>
			<div className="row">
				<StatusTag status={batch.status} />
				<BatchProgress batch={batch} />
				<Link to="/batches/$batchId" params={{ batchId: String(batch.id) }}>
					{t('batches.openPage')}
				</Link>
			</div>
			<HistoryTable batchId={batch.id} />
			<ItemsTable batch={batch} />
		</Dialog>
	);
}
