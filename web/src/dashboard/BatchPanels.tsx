import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Batch, Dashboard } from '../api/types';
import { BatchProgress } from '../batches/BatchProgress';
import { formatNumber, formatTime } from '../lib/format';
import { Meter } from '../ui/Meter';
import { StatusTag } from '../ui/StatusTag';

function BatchLink({ batch }: { batch: Batch }) {
	return (
		<Link to="/batches/$batchId" params={{ batchId: String(batch.id) }}>
			{batch.id} {batch.name}
		</Link>
	);
}

interface BatchPanelProps {
	batches: Batch[];
}

/** Bars that move by themselves while batches are being made. */
export function RunningPanel({ batches }: BatchPanelProps) {
	const { t } = useTranslation();
	return (
		<section className="panel">
			<h2 className="panel__title">{t('dashboard.running')}</h2>
			{batches.length === 0 && <p className="quiet">{t('dashboard.runningNone')}</p>}
			<ul className="plain-list">
				{batches.map((batch) => (
					<li key={batch.id} className="stack stack--tight">
						<div className="split">
							<BatchLink batch={batch} />
							<span>
								{formatNumber(batch.succeeded + batch.failed)} / {formatNumber(batch.size)}
							</span>
						</div>
						<Meter
							wide
							label={t('batches.progressOf', { id: batch.id })}
							value={batch.succeeded + batch.failed}
							max={batch.size}
						/>
					</li>
				))}
			</ul>
		</section>
	);
}

export function ReadyPanel({ batches }: BatchPanelProps) {
	const { t } = useTranslation();
	return (
		<section className="panel">
			<h2 className="panel__title">{t('dashboard.ready')}</h2>
			{batches.length === 0 && <p className="quiet">{t('dashboard.readyNone')}</p>}
			<ul className="plain-list">
				{batches.slice(0, 10).map((batch) => (
					<li key={batch.id} className="split">
						<BatchLink batch={batch} />
						<span className="quiet small">{formatTime(batch.created_at)}</span>
					</li>
				))}
			</ul>
		</section>
	);
}

export function FailuresPanel({ batches }: BatchPanelProps) {
	const { t } = useTranslation();
	return (
		<section className="panel">
			<h2 className="panel__title">{t('dashboard.failures')}</h2>
			{batches.length === 0 && <p className="quiet">{t('dashboard.failuresNone')}</p>}
			<ul className="plain-list">
				{batches.map((batch) => (
					<li key={batch.id} className="split">
						<BatchLink batch={batch} />
						<BatchProgress batch={batch} />
					</li>
				))}
			</ul>
		</section>
	);
}

export function StatesPanel({ states }: { states: Dashboard['batches_by_status'] }) {
	const { t } = useTranslation();
	return (
		<section className="panel">
			<h2 className="panel__title">{t('dashboard.states')}</h2>
			<ul className="plain-list">
				{states
					.filter(({ count }) => count > 0)
					.map(({ status, count }) => (
						<li key={status} className="split">
							<Link to="/batches" search={{ all: true, status }}>
								<StatusTag status={status} />
							</Link>
							<span>{formatNumber(count)}</span>
						</li>
					))}
			</ul>
		</section>
	);
}
