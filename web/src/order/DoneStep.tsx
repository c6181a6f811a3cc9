import { Button } from '@carbon/react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Batch } from '../api/types';
import { isAtWork } from '../batches/BatchProgress';
import { batchQuery } from '../batches/queries';
import { useBatchActions } from '../batches/useBatchActions';
import { formatNumber } from '../lib/format';
import { Meter } from '../ui/Meter';
import { StatusTag } from '../ui/StatusTag';

interface DoneStepProps {
	made: Batch;
	onAnother: () => void;
}

/** The batch is ordered: one can watch it being made and take it along. */
export function DoneStep({ made, onAnother }: DoneStepProps) {
	const { t } = useTranslation();
	const { data: batch = made } = useQuery({ ...batchQuery(made.id), initialData: made });
	const { start, dialog } = useBatchActions();
	const others = made.paired ?? [];
	const done = batch.succeeded + batch.failed;
	let text = t('order.doneReady') as string;
	if (batch.status === 'pending_approval') text = t('order.doneWaiting');
	else if (isAtWork(batch)) text = t('order.doneWorking');

	return (
		<div className="stack">
			<section className="panel">
				<h2>{t('order.doneTitle', { id: batch.id })}</h2>
				<div className="row" role="status">
					<StatusTag status={batch.status} />
					<span>{text}</span>
				</div>
				<Meter
					wide
					label={t('batches.progressOf', { id: batch.id })}
					value={done}
					max={batch.size}
					tone={isAtWork(batch) ? undefined : batch.failed > 0 ? 'bad' : 'ok'}
				/>
				<p>
					{formatNumber(batch.succeeded)} / {formatNumber(batch.size)}
					{batch.failed > 0 && `, ${t('batches.failedCount', { count: batch.failed })}`}
				</p>
				{others.length > 0 && (
					<>
						<h3>{t('order.pairedBatches')}</h3>
						<ul className="bullets">
							{others.map((other) => (
								<PairedBatch key={other.id} made={other} />
							))}
						</ul>
					</>
				)}
				<div className="row">
					<Link to="/batches/$batchId" params={{ batchId: String(batch.id) }}>
						{t('batches.openPage')}
					</Link>
					<Link to="/batches">{t('order.toBatches')}</Link>
				</div>
			</section>
			<div className="form__foot">
				<Button kind="secondary" onClick={onAnother}>
					{t('order.another')}
				</Button>
				<Button
					disabled={!batch.actions.includes('download')}
					onClick={() => start('download', batch)}
				>
					{t('order.download')}
				</Button>
			</div>
			{dialog}
		</div>
	);
}

function PairedBatch({ made }: { made: Batch }) {
	const { data: batch = made } = useQuery({ ...batchQuery(made.id), initialData: made });
	return (
		<li>
			<Link to="/batches/$batchId" params={{ batchId: String(batch.id) }}>
				{batch.id} {batch.name}
			</Link>{' '}
			{batch.profile.name} <StatusTag status={batch.status} />
		</li>
	);
}
