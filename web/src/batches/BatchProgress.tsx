import { useTranslation } from 'react-i18next';
import type { Batch, BatchStatus } from '../api/types';
import { formatNumber } from '../lib/format';
import { Meter } from '../ui/Meter';

const atWork: readonly BatchStatus[] = ['pending_creation', 'pending_issue', 'preparing_download'];

export function isAtWork(batch: Batch): boolean {
	return atWork.includes(batch.status);
}

/** How far a batch has come: a bar while it is at work, the figures always. */
export function BatchProgress({ batch }: { batch: Batch }) {
	const { t } = useTranslation();
	const { succeeded, failed, revoked, size } = batch;
	return (
		<span className="progress">
			{isAtWork(batch) && (
				<Meter
					label={t('batches.progressOf', { id: batch.id })}
					value={succeeded + failed}
					max={size}
				/>
			)}
			<span>
				{formatNumber(succeeded)} / {formatNumber(size)}
				{failed > 0 && `, ${t('batches.failedCount', { count: failed })}`}
				{revoked > 0 && batch.status !== 'revoked' && batch.status !== 'rejected' && (
					<>, {t('batches.revokedCount', { count: revoked })}</>
				)}
			</span>
		</span>
	);
}
