import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { TFunction } from 'i18next';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { apiBase } from '../api/client';
import type { Batch, ItemEvent } from '../api/types';
import { formatTime } from '../lib/format';
import { ProblemNotice } from '../ui/ProblemNotice';
import { Pager } from '../ui/table/Pager';
import { type PageSearch, paging } from '../ui/table/paging';
import { ResourceTable } from '../ui/table/ResourceTable';
import type { Column } from '../ui/table/types';
import { type ItemResult, itemsQuery } from './queries';

const limit = 100;

function itemColumns(t: TFunction): Column<ItemEvent>[] {
	return [
		{
			key: 'index',
			title: t('batches.item'),
			className: 'number',
			cell: (item) => item.index,
		},
		{
			key: 'time',
			title: t('batches.dateTime'),
			className: 'nowrap',
			cell: (item) => formatTime(item.time),
		},
		{
			key: 'name',
			title: t('batches.certificateName'),
			className: 'clip',
			cell: (item) => <span title={item.name}>{item.name}</span>,
		},
		{
			key: 'serial',
			title: t('batches.serial'),
			className: 'mono',
			cell: (item, tabIndex) =>
				item.serial_number && (
					<Link
						to="/certificates/$serial"
						params={{ serial: item.serial_number }}
						tabIndex={tabIndex}
					>
						{item.serial_number}
					</Link>
				),
		},
		{ key: 'message', title: t('batches.message'), cell: (item) => item.message },
	];
}

/** What happened to each certificate, all or only those that succeeded or failed. */
export function ItemsTable({ batch }: { batch: Batch }) {
	const { t } = useTranslation();
	// Neither box ticked, or both, means everything.
	const [ticked, setTicked] = useState({ succeeded: false, failed: false });
	const result: ItemResult =
		ticked.succeeded === ticked.failed ? 'all' : ticked.failed ? 'failed' : 'succeeded';
	const [search, setSearch] = useState<PageSearch>({});
	const columns = useMemo(() => itemColumns(t), [t]);
	const query = useQuery(itemsQuery(batch.id, result, search.cursor, limit));
	const { data, error, refetch, isPlaceholderData } = query;
	const { page, first, previous, next } = paging(search);
	const empty = { all: 'noItems', succeeded: 'noSucceeded', failed: 'noFailed' } as const;

	function tick(which: 'succeeded' | 'failed', on: boolean) {
		setSearch({});
		setTicked({ ...ticked, [which]: on });
	}

	return (
		<div className="stack stack--tight">
			<div className="panel__head">
				<fieldset className="row">
					<legend className="hidden-text">{t('batches.show')}</legend>
					<h3>{t('batches.certificates')}</h3>
					<label className="row tick">
						<input
							type="checkbox"
							checked={ticked.succeeded}
							onChange={(event) => tick('succeeded', event.target.checked)}
						/>
						{t('batches.succeeded')}
					</label>
					<label className="row tick">
						<input
							type="checkbox"
							checked={ticked.failed}
							onChange={(event) => tick('failed', event.target.checked)}
						/>
						{t('batches.failed')}
					</label>
				</fieldset>
				{batch.failed > 0 && (
					<a href={`${apiBase}/batches/${batch.id}/errors.csv`} download>
						{t('batches.errorsCsv')}
					</a>
				)}
			</div>
			{error && !data ? (
				<ProblemNotice error={error} onRetry={() => void refetch()} />
			) : (
				<>
					<ResourceTable
						plain
						label={t('batches.items')}
						columns={columns}
						rows={data?.items}
						rowId={(item) => `${item.index} ${item.status}`}
						rowName={(item) => item.name}
						busy={isPlaceholderData}
						empty={t(`batches.${empty[result]}`)}
					/>
					<Pager
						count={data?.items.length ?? 0}
						total={data?.total}
						page={page}
						limit={limit}
						hasNext={Boolean(data?.next_cursor)}
						onFirst={() => setSearch(first)}
						onPrevious={() => setSearch(previous)}
						onNext={() => data?.next_cursor && setSearch(next(data.next_cursor))}
					/>
				</>
			)}
		</div>
	);
}
