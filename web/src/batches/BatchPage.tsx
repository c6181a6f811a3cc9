import { Button } from '@carbon/react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { isStatus } from '../api/problem';
import type { Batch } from '../api/types';
import { formatTime } from '../lib/format';
import { useRight } from '../session/me';
import { BackLink } from '../ui/BackLink';
import { Fact, Facts } from '../ui/Facts';
import { Meter } from '../ui/Meter';
import { ProblemNotice } from '../ui/ProblemNotice';
import { StatusTag } from '../ui/StatusTag';
import { useTitle } from '../ui/useTitle';
import { isAtWork } from './BatchProgress';
import { HistoryTable } from './HistoryTable';
import { ItemsTable } from './ItemsTable';
import { batchQuery } from './queries';
import { useBatchActions } from './useBatchActions';

const route = getRouteApi('/session/app/batches/$batchId');

export function BatchPage() {
	const { t } = useTranslation();
	const { batchId } = route.useParams();
	const id = Number(batchId);
	const { data: batch, error, refetch } = useQuery(batchQuery(id));
	useTitle(batch ? `${batch.id} ${batch.name}` : t('batches.title'));

	const back = <BackLink to="/batches">{t('batches.back')}</BackLink>;

	if (error && !batch) {
		return (
			<div className="page">
				{back}
				<h1>
					{isStatus(error, 404) ? t('batches.notFound', { id: batchId }) : t('batches.title')}
				</h1>
				{isStatus(error, 404) ? (
					<p>{t('problems.notFoundText')}</p>
				) : (
					<ProblemNotice error={error} onRetry={() => void refetch()} />
				)}
			</div>
		);
	}
	return (
		<div className="page">
			{back}
			{batch ? <BatchBody batch={batch} /> : <span className="skeleton" />}
		</div>
	);
}

const buttonKinds = {
	download: 'primary',
	approve: 'primary',
	reject: 'tertiary',
	revoke: 'danger--tertiary',
} as const;

function BatchBody({ batch }: { batch: Batch }) {
	const { t } = useTranslation();
	const { start, dialog } = useBatchActions();
	const audits = useRight('audit');
	const { succeeded, failed, revoked, size } = batch;

	return (
		<>
			<div className="page__head">
				<h1>
					{batch.id} {batch.name}
				</h1>
				<div className="row">
					{batch.actions.map((action) => (
						<Button
							key={action}
							kind={buttonKinds[action]}
							size="md"
							onClick={() => start(action, batch)}
						>
							{t(`batches.${action}`)}
						</Button>
					))}
				</div>
			</div>
			<section className="panel">
				<div className="row">
					<StatusTag status={batch.status} />
					<span>{t('batches.sizeFacts', { succeeded, size })}</span>
					{failed > 0 && <span>{t('batches.failedCount', { count: failed })}</span>}
					{revoked > 0 && <span>{t('batches.revokedCount', { count: revoked })}</span>}
				</div>
				<Meter
					wide
					label={t('batches.progressOf', { id: batch.id })}
					value={succeeded + failed}
					max={size}
					tone={isAtWork(batch) ? undefined : failed > 0 ? 'bad' : 'ok'}
				/>
				<Facts>
					<Fact name={t('batches.profile')}>
						<Link to="/profiles/$profileId" params={{ profileId: String(batch.profile.id) }}>
							{batch.profile.name}
						</Link>
					</Fact>
					<Fact name={t('batches.method')}>{t(`methods.${batch.method}`)}</Fact>
					<Fact name={t('batches.created')}>
						{formatTime(batch.created_at)}, {batch.created_by}
					</Fact>
					{batch.downloaded_at && (
						<Fact name={t('batches.downloadedAt')}>{formatTime(batch.downloaded_at)}</Fact>
					)}
					{batch.expires_at && (
						<Fact name={t('batches.expiresAt')}>{formatTime(batch.expires_at)}</Fact>
					)}
				</Facts>
				<div className="row">
					<Link to="/certificates" search={{ batch: batch.id }}>
						{t('batches.searchCertificates')}
					</Link>
					{audits && (
						<Link to="/admin/audit" search={{ object: `batch ${batch.id}` }}>
							{t('batches.log')}
						</Link>
					)}
				</div>
			</section>
			<section className="panel">
				<h2>{t('batches.historyTitle')}</h2>
				<HistoryTable batchId={batch.id} />
			</section>
			<section className="panel">
				<ItemsTable batch={batch} />
			</section>
			{dialog}
		</>
	);
}
