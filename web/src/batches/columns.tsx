import { Link } from '@tanstack/react-router';
import type { TFunction } from 'i18next';
import type { Batch } from '../api/types';
import { formatNumber, formatTime } from '../lib/format';
import { StatusTag } from '../ui/StatusTag';
import type { Column } from '../ui/table/types';
import { BatchProgress } from './BatchProgress';

interface Shown {
	profile: boolean;
	organization: boolean;
}

export function batchColumns(t: TFunction, shown: Shown): Column<Batch>[] {
	const columns: (Column<Batch> | false)[] = [
		{
			key: 'id',
			title: t('batches.id'),
			sort: 'id',
			fixed: true,
			cell: (batch, tabIndex) => (
				<Link to="/batches/$batchId" params={{ batchId: String(batch.id) }} tabIndex={tabIndex}>
					{batch.id}
				</Link>
			),
			text: (batch) => batch.id,
		},
		{
			key: 'size',
			title: t('batches.size'),
			sort: 'size',
			className: 'number',
			cell: (batch) => formatNumber(batch.size),
			text: (batch) => batch.size,
		},
		{
			key: 'status',
			title: t('batches.status'),
			sort: 'status',
			fixed: true,
			cell: (batch) => <StatusTag status={batch.status} />,
			text: (batch) => t(`status.${batch.status}`),
		},
		{
			key: 'progress',
			title: t('batches.progress'),
			cell: (batch) => <BatchProgress batch={batch} />,
			text: (batch) => batch.succeeded,
		},
		{
			key: 'created',
			title: t('batches.created'),
			sort: 'created_at',
			className: 'nowrap',
			cell: (batch) => formatTime(batch.created_at),
			text: (batch) => batch.created_at,
		},
		{
			key: 'name',
			title: t('batches.name'),
			sort: 'name',
			className: 'clip',
			fixed: true,
			cell: (batch) => <span title={batch.name}>{batch.name}</span>,
			text: (batch) => batch.name,
		},
		shown.profile && {
			key: 'profile',
			title: t('batches.profile'),
			className: 'clip',
			cell: (batch) => batch.profile.name,
			text: (batch) => batch.profile.name,
		},
		shown.organization && {
			key: 'organization',
			title: t('batches.organization'),
			className: 'clip',
			cell: (batch) => batch.organization.name,
			text: (batch) => batch.organization.name,
		},
		{
			key: 'by',
			className: 'nowrap',
			title: t('batches.by'),
			cell: (batch) => batch.created_by,
			text: (batch) => batch.created_by,
		},
	];
	return columns.filter((column) => column !== false);
}
