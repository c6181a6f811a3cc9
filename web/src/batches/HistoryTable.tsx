import { useQuery } from '@tanstack/react-query';
import type { TFunction } from 'i18next';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { HistoryEntry } from '../api/types';
import { formatTime } from '../lib/format';
import { ProblemNotice } from '../ui/ProblemNotice';
import { StatusTag } from '../ui/StatusTag';
import { ResourceTable } from '../ui/table/ResourceTable';
import type { Column } from '../ui/table/types';
import { historyQuery } from './queries';

function historyColumns(t: TFunction): Column<HistoryEntry>[] {
	return [
		{
			key: 'time',
			title: t('batches.dateTime'),
			className: 'nowrap',
			cell: (entry) => formatTime(entry.time),
		},
		{
			key: 'status',
			title: t('batches.status'),
			cell: (entry) => <StatusTag status={entry.status} />,
		},
		{ key: 'user', title: t('batches.user'), cell: (entry) => entry.user },
		{ key: 'message', title: t('batches.message'), cell: (entry) => entry.message },
	];
}

export function HistoryTable({ batchId }: { batchId: number }) {
	const { t } = useTranslation();
	const { data, error, refetch } = useQuery(historyQuery(batchId));
	const columns = useMemo(() => historyColumns(t), [t]);
	if (error && !data) return <ProblemNotice error={error} onRetry={() => void refetch()} />;
	return (
		<ResourceTable
			plain
			label={t('batches.historyTitle')}
			columns={columns}
			rows={data}
			rowId={(entry) => `${entry.time} ${entry.status}`}
			rowName={(entry) => entry.status}
			empty={t('common.none')}
		/>
	);
}
