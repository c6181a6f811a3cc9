import { CloseOutline } from '@carbon/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { TFunction } from 'i18next';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, got } from '../api/client';
import type { Token } from '../api/types';
import { formatDate, formatTime } from '../lib/format';
import { ActDialog } from '../ui/ActDialog';
import { EmptyState } from '../ui/EmptyState';
import { ListPanel } from '../ui/table/ListPanel';
import type { Column, RowAction } from '../ui/table/types';
import { useLocalPage } from '../ui/table/useLocalPage';
import { TokenDialog } from './TokenDialog';

const rowId = (token: Token) => token.id;
const rowName = (token: Token) => token.name;

function tokenState(token: Token): 'Active' | 'Revoked' | 'Expired' {
	if (token.revoked_at) return 'Revoked';
	return Date.parse(token.expires_at) < Date.now() ? 'Expired' : 'Active';
}

const stateColors = { Active: 'green', Revoked: 'red', Expired: 'gray' };

function tokenColumns(t: TFunction): Column<Token>[] {
	return [
		{ key: 'name', title: t('settings.tokenName'), className: 'clip', cell: (token) => token.name },
		{ key: 'user', title: t('settings.tokenUser'), cell: (token) => token.user.name },
		{
			key: 'scopes',
			title: t('settings.scopes'),
			className: 'mono',
			cell: (token) => token.scopes.join(' '),
		},
		{
			key: 'created',
			title: t('settings.tokenCreated'),
			className: 'nowrap',
			cell: (token) => formatDate(token.created_at),
		},
		{
			key: 'expires',
			title: t('settings.expiry'),
			className: 'nowrap',
			cell: (token) => formatDate(token.expires_at),
		},
		{
			key: 'used',
			title: t('settings.tokenUsed'),
			className: 'nowrap',
			cell: (token) => (token.last_used_at ? formatTime(token.last_used_at) : t('common.never')),
		},
		{
			key: 'state',
			title: t('settings.tokenState'),
			cell: (token) => {
				const state = tokenState(token);
				return (
					<span className={`status status--${stateColors[state]}`}>
						{t(`settings.token${state}`)}
					</span>
				);
			},
		},
	];
}

export function TokensPanel({ mayMake }: { mayMake: boolean }) {
	const { t } = useTranslation();
	const page = useLocalPage(20);
	const [making, setMaking] = useState(false);
	const [revoking, setRevoking] = useState<Token>();
	const { cursor, limit } = page[0];
	const query = useQuery({
		queryKey: ['tokens', cursor, limit],
		queryFn: ({ signal }) =>
			got(api.GET('/tokens', { params: { query: { cursor, limit } }, signal })),
		placeholderData: keepPreviousData,
	});
	const columns = useMemo(() => tokenColumns(t), [t]);
	const actions = useMemo<RowAction<Token>[]>(
		() => [
			{
				key: 'revoke',
				label: t('settings.revokeToken'),
				icon: CloseOutline,
				tone: 'danger',
				shown: (token) => mayMake && tokenState(token) === 'Active',
				run: setRevoking,
			},
		],
		[t, mayMake],
	);
	return (
		<ListPanel
			title={t('settings.tokens')}
			text={t('settings.tokensText')}
			add={t('settings.newToken')}
			onAdd={mayMake ? () => setMaking(true) : undefined}
			query={query}
			columns={columns}
			rowId={rowId}
			rowName={rowName}
			actions={actions}
			empty={<EmptyState title={t('settings.noTokens')}>{t('settings.noTokensText')}</EmptyState>}
			page={page}
		>
			{making && <TokenDialog onClose={() => setMaking(false)} />}
			{revoking && (
				<ActDialog
					title={t('settings.revokeTokenTitle')}
					act={() =>
						got(api.DELETE('/tokens/{token_id}', { params: { path: { token_id: revoking.id } } }))
					}
					done={t('settings.tokenGone')}
					changes={['tokens']}
					onClose={() => setRevoking(undefined)}
				>
					{t('settings.revokeTokenText', { name: revoking.name })}
				</ActDialog>
			)}
		</ListPanel>
	);
}
