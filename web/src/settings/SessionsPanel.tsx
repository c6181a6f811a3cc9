import { CloseOutline } from '@carbon/icons-react';
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { TFunction } from 'i18next';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { api, got } from '../api/client';
import type { SessionItem } from '../api/types';
import { formatTime } from '../lib/format';
import { notify } from '../ui/notices';
import { problemText, problemTitle } from '../ui/problem-text';
import { ListPanel } from '../ui/table/ListPanel';
import type { Column, RowAction } from '../ui/table/types';
import { useLocalPage } from '../ui/table/useLocalPage';

const rowId = (session: SessionItem) => session.id;
const rowName = (session: SessionItem) => session.address;

function sessionColumns(t: TFunction): Column<SessionItem>[] {
	return [
		{
			key: 'address',
			title: t('settings.address'),
			className: 'nowrap',
			cell: (session) => (
				<>
					{session.address}{' '}
					{session.current && <span className="status status--blue">{t('settings.current')}</span>}
				</>
			),
		},
		{
			key: 'agent',
			title: t('settings.browser'),
			className: 'clip',
			cell: (session) => <span title={session.agent}>{session.agent}</span>,
		},
		{
			key: 'since',
			title: t('settings.since'),
			className: 'nowrap',
			cell: (session) => formatTime(session.created_at),
		},
		{
			key: 'seen',
			title: t('settings.seen'),
			className: 'nowrap',
			cell: (session) => formatTime(session.seen_at),
		},
		{
			key: 'ends',
			title: t('settings.ends'),
			className: 'nowrap',
			cell: (session) => formatTime(session.expires_at),
		},
	];
}

export function SessionsPanel() {
	const { t } = useTranslation();
	const client = useQueryClient();
	const page = useLocalPage(20);
	const { cursor, limit } = page[0];
	const query = useQuery({
		queryKey: ['sessions', cursor, limit],
		queryFn: ({ signal }) =>
			got(api.GET('/sessions', { params: { query: { cursor, limit } }, signal })),
		placeholderData: keepPreviousData,
	});
	const end = useMutation({
		mutationFn: (session_id: string) =>
			got(api.DELETE('/sessions/{session_id}', { params: { path: { session_id } } })),
		onSuccess: () => {
			notify('success', t('settings.sessionEnded'));
			void client.invalidateQueries({ queryKey: ['sessions'] });
		},
		onError: (error) => notify('error', problemTitle(t, error), problemText(t, error)),
	});
	const columns = useMemo(() => sessionColumns(t), [t]);
	const { mutate } = end;
	const actions = useMemo<RowAction<SessionItem>[]>(
		() => [
			{
				key: 'end',
				label: t('settings.endSession'),
				icon: CloseOutline,
				tone: 'danger',
				shown: (session) => !session.current,
				run: (session) => mutate(session.id),
			},
		],
		[t, mutate],
	);
	return (
		<ListPanel
			title={t('settings.sessions')}
			text={t('settings.sessionsText')}
			query={query}
			columns={columns}
			rowId={rowId}
			rowName={rowName}
			actions={actions}
			empty={t('common.none')}
			page={page}
		/>
	);
}
