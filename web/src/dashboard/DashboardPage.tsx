import { Checkbox } from '@carbon/react';
import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, got } from '../api/client';
import type { Dashboard } from '../api/types';
import { type Bar, BarChart } from '../charts/BarChart';
import { formatDate, formatMonth, formatNumber } from '../lib/format';
import { useMe } from '../session/me';
import { useProfileChoice } from '../session/profile';
import { Notice } from '../ui/Notice';
import { ProblemNotice } from '../ui/ProblemNotice';
import { useTitle } from '../ui/useTitle';
import { FailuresPanel, ReadyPanel, RunningPanel, StatesPanel } from './BatchPanels';
import { QuotaPanel } from './QuotaPanel';

function dashboardQuery(profileId: number | undefined) {
	return queryOptions({
		queryKey: ['dashboard', profileId ?? 0],
		queryFn: ({ signal }) =>
			got(api.GET('/dashboard', { params: { query: { profile_id: profileId } }, signal })),
		placeholderData: keepPreviousData,
		staleTime: 30_000,
	});
}

export function DashboardPage() {
	const { t } = useTranslation();
	useTitle(t('dashboard.title'));
	const me = useMe();
	const [profile] = useProfileChoice();
	const [current, setCurrent] = useState(false);
	const { data, error, refetch } = useQuery(dashboardQuery(current ? profile?.id : undefined));

	return (
		<div className="page">
			<div className="page__head">
				<h1>{t('dashboard.title')}</h1>
				{profile && (
					<div>
						<Checkbox
							id="for-current-profile"
							labelText={t('dashboard.forProfile')}
							checked={current}
							onChange={(_, { checked }) => setCurrent(checked)}
						/>
					</div>
				)}
			</div>
			{error && !data && <ProblemNotice error={error} onRetry={() => void refetch()} />}
			{error && data && <Notice kind="warning" title={t('common.stale')} />}
			{!data && !error && <Waiting />}
			{data && <Alarms alarms={data.alarms} />}
			{data && <Figures data={data} mayOrder={me.rights.includes('order')} />}
		</div>
	);
}

function Waiting() {
	return (
		<div className="figures" aria-busy="true">
			{[0, 1, 2, 3].map((index) => (
				<div className="figure" key={index}>
					<span className="skeleton" />
					<span className="skeleton" />
				</div>
			))}
		</div>
	);
}

/** What needs operators now; there is nothing here for anybody else. */
function Alarms({ alarms }: { alarms: Dashboard['alarms'] }) {
	const { t } = useTranslation();
	return alarms.map((alarm) => (
		<Notice
			key={`${alarm.ca_id} ${alarm.shard ?? ''}`}
			kind={alarm.kind === 'crl_failing' ? 'warning' : 'error'}
			title={t(`dashboard.alarm.${alarm.kind}`, { name: alarm.label })}
		>
			{alarm.shard !== null && t('dashboard.alarm.shard', { shard: alarm.shard })}
		</Notice>
	));
}

function sum(values: number[]): number {
	return values.reduce((total, value) => total + value, 0);
}

function Figures({ data, mayOrder }: { data: Dashboard; mayOrder: boolean }) {
	const { t } = useTranslation();
	const available = sum(data.quota.map((line) => line.available));
	const allocated = sum(data.quota.map((line) => line.allocated));
	const figures = [
		{ name: t('dashboard.issued30'), value: sum(data.issued_per_day.map((day) => day.issued)) },
		{ name: t('dashboard.revoked30'), value: sum(data.issued_per_day.map((day) => day.revoked)) },
		{ name: t('dashboard.available'), value: available, bad: available * 10 < allocated },
		{
			name: t('dashboard.expire12'),
			value: sum(data.expiring_per_month.slice(0, 12).map((month) => month.count)),
		},
	];
	const days: Bar[] = data.issued_per_day.map(({ date, issued, revoked }) => ({
		key: date,
		short: date.slice(5),
		long: formatDate(`${date}T12:00:00Z`),
		values: [issued, revoked],
	}));
	const months: Bar[] = data.expiring_per_month.map(({ month, count }) => ({
		key: month,
		short: month.slice(2).replace('-', '/'),
		long: formatMonth(month),
		values: [count],
	}));

	return (
		<>
			{mayOrder && data.batches_by_status.length === 0 && (
				<Notice
					kind="info"
					title={t('batches.empty')}
					action={<Link to="/batches/new">{t('batches.firstOrder')}</Link>}
				/>
			)}
			<div className="figures">
				{figures.map(({ name, value, bad }) => (
					<div className="figure" key={name}>
						<span>{name}</span>
						<span className={bad ? 'figure__value figure__value--bad' : 'figure__value'}>
							{formatNumber(value)}
						</span>
					</div>
				))}
			</div>
			<div className="panels panels--pair">
				<BarChart
					title={t('dashboard.issuedPerDay')}
					unit={t('dashboard.day')}
					series={[
						{ name: t('dashboard.issued'), tone: 'a' },
						{ name: t('dashboard.revoked'), tone: 'b' },
					]}
					bars={days}
					link={(bar, text) => (
						<Link
							to="/certificates"
							search={{ from: bar.key, to: bar.key }}
							title={t('dashboard.showDay', { label: bar.long })}
						>
							{text}
						</Link>
					)}
				/>
				<BarChart
					title={t('dashboard.expiring')}
					unit={t('dashboard.month')}
					series={[{ name: t('dashboard.count'), tone: 'c' }]}
					bars={months}
				/>
				<div className="stack">
					<RunningPanel batches={data.running} />
					<ReadyPanel batches={data.ready} />
					<FailuresPanel batches={data.failures} />
				</div>
				<div className="stack">
					<QuotaPanel lines={data.quota} />
					<StatesPanel states={data.batches_by_status} />
				</div>
			</div>
		</>
	);
}
