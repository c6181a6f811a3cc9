import { CloseOutline } from '@carbon/icons-react';
import { keepPreviousData, queryOptions, useQuery, useQueryClient } from '@tanstack/react-query';
import type { TFunction } from 'i18next';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, got } from '../api/client';
import type { Passkey } from '../api/types';
import { formatTime } from '../lib/format';
import { useRight } from '../session/me';
import { ActDialog } from '../ui/ActDialog';
import { Dialog } from '../ui/Dialog';
import { notify } from '../ui/notices';
import { ListPanel } from '../ui/table/ListPanel';
import type { PageSearch } from '../ui/table/paging';
import type { Column, RowAction } from '../ui/table/types';
import { useLocalPage } from '../ui/table/useLocalPage';
import { PasskeyNameForm } from './PasskeyNameForm';
import { passkeyMake, passkeysKnown } from './webauthn';

const rowId = (passkey: Passkey) => passkey.id;
const rowName = (passkey: Passkey) => passkey.name;

function passkeysQuery(userId: number | undefined, { cursor, limit }: PageSearch) {
	const query = { cursor, limit };
	return queryOptions({
		queryKey: ['passkeys', userId ?? 'me', cursor, limit],
		queryFn: ({ signal }) =>
			userId === undefined
				? got(api.GET('/me/passkeys', { params: { query }, signal }))
				: got(
						api.GET('/users/{user_id}/passkeys', {
							params: { path: { user_id: userId }, query },
							signal,
						}),
					),
		placeholderData: keepPreviousData,
	});
}

function passkeyColumns(t: TFunction): Column<Passkey>[] {
	return [
		{ key: 'name', title: t('passkey.name'), className: 'clip', cell: (passkey) => passkey.name },
		{
			key: 'created',
			title: t('passkey.made'),
			className: 'nowrap',
			cell: (passkey) => formatTime(passkey.created_at),
		},
		{
			key: 'used',
			title: t('passkey.used'),
			className: 'nowrap',
			cell: (passkey) =>
				passkey.last_used_at ? formatTime(passkey.last_used_at) : t('common.never'),
		},
	];
}

function remove(userId: number | undefined, passkey_id: string) {
	return userId === undefined
		? got(api.DELETE('/me/passkeys/{passkey_id}', { params: { path: { passkey_id } } }))
		: got(
				api.DELETE('/users/{user_id}/passkeys/{passkey_id}', {
					params: { path: { user_id: userId, passkey_id } },
				}),
			);
}

/** Passkeys of a user, or one's own, which one may add to. */
export function PasskeysPanel({ userId }: { userId?: number }) {
	const { t } = useTranslation();
	const administers = useRight('admin');
	const own = userId === undefined;
	const page = useLocalPage(20);
	const query = useQuery(passkeysQuery(userId, page[0]));
	const [adding, setAdding] = useState(false);
	const [removing, setRemoving] = useState<Passkey>();
	const columns = useMemo(() => passkeyColumns(t), [t]);
	const actions = useMemo<RowAction<Passkey>[]>(
		() => [
			{
				key: 'remove',
				label: t('passkey.remove'),
				icon: CloseOutline,
				tone: 'danger',
				shown: () => own || administers,
				run: setRemoving,
			},
		],
		[t, own, administers],
	);
	return (
		<ListPanel
			title={t('passkey.title')}
			text={t(own ? 'passkey.ownText' : 'passkey.userText')}
			add={t('passkey.add')}
			onAdd={own && passkeysKnown() ? () => setAdding(true) : undefined}
			query={query}
			columns={columns}
			rowId={rowId}
			rowName={rowName}
			actions={actions}
			empty={t('passkey.empty')}
			page={page}
		>
			{adding && <AddDialog onClose={() => setAdding(false)} />}
			{removing && (
				<ActDialog
					title={t('passkey.removeTitle', { name: removing.name })}
					act={() => remove(userId, removing.id)}
					done={t('passkey.removed')}
					changes={['passkeys']}
					onClose={() => setRemoving(undefined)}
				>
					{t('passkey.removeText')}
				</ActDialog>
			)}
		</ListPanel>
	);
}

function AddDialog({ onClose }: { onClose: () => void }) {
	const { t } = useTranslation();
	const client = useQueryClient();
	return (
		<Dialog title={t('passkey.add')} onClose={onClose}>
			<PasskeyNameForm
				text={t('passkey.text')}
				register={async (name) => {
					const options = await got(api.POST('/me/passkeys/options'));
					await got(api.POST('/me/passkeys', { body: await passkeyMake(options, name) }));
				}}
				onDone={() => {
					onClose();
					notify('success', t('passkey.added'));
					void client.invalidateQueries({ queryKey: ['passkeys'] });
				}}
				onCancel={onClose}
			/>
		</Dialog>
	);
}
