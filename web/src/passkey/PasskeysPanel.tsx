import { Add, CloseOutline } from '@carbon/icons-react';
import { Button } from '@carbon/react';
import {
	keepPreviousData,
	queryOptions,
	useMutation,
	useQuery,
	useQueryClient,
} from '@tanstack/react-query';
import type { TFunction } from 'i18next';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, got } from '../api/client';
import type { Passkey } from '../api/types';
import { formatTime } from '../lib/format';
import { useRight } from '../session/me';
import { ConfirmDialog } from '../ui/ConfirmDialog';
import { Dialog } from '../ui/Dialog';
import { notify } from '../ui/notices';
import { ListFrame } from '../ui/table/ListFrame';
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

/** Passkeys of a user, or one's own, which one may add to. */
export function PasskeysPanel({ userId }: { userId?: number }) {
	const { t } = useTranslation();
	const administers = useRight('admin');
	const own = userId === undefined;
	const [search, setSearch] = useLocalPage(20);
	const query = useQuery(passkeysQuery(userId, search));
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
		<section className="panel">
			<div className="panel__head">
				<h2>{t('passkey.title')}</h2>
				{own && passkeysKnown() && (
					<Button size="md" renderIcon={Add} onClick={() => setAdding(true)}>
						{t('passkey.add')}
					</Button>
				)}
			</div>
			<p className="quiet">{t(own ? 'passkey.ownText' : 'passkey.userText')}</p>
			<ListFrame
				plain
				label={t('passkey.title')}
				query={query}
				columns={columns}
				rowId={rowId}
				rowName={rowName}
				actions={actions}
				filtered={false}
				empty={t('passkey.empty')}
				search={search}
				limit={search.limit}
				onPage={setSearch}
			/>
			{adding && <AddDialog onClose={() => setAdding(false)} />}
			{removing && (
				<RemoveDialog userId={userId} passkey={removing} onClose={() => setRemoving(undefined)} />
			)}
		</section>
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

interface RemoveDialogProps {
	userId: number | undefined;
	passkey: Passkey;
	onClose: () => void;
}

function RemoveDialog({ userId, passkey, onClose }: RemoveDialogProps) {
	const { t } = useTranslation();
	const client = useQueryClient();
	const remove = useMutation({
		mutationFn: () =>
			userId === undefined
				? got(
						api.DELETE('/me/passkeys/{passkey_id}', {
							params: { path: { passkey_id: passkey.id } },
						}),
					)
				: got(
						api.DELETE('/users/{user_id}/passkeys/{passkey_id}', {
							params: { path: { user_id: userId, passkey_id: passkey.id } },
						}),
					),
		onSuccess: () => {
			onClose();
			notify('success', t('passkey.removed'));
			void client.invalidateQueries({ queryKey: ['passkeys'] });
		},
	});
	return (
		<ConfirmDialog
			danger
			title={t('passkey.removeTitle', { name: passkey.name })}
			pending={remove.isPending}
			error={remove.error}
			onConfirm={() => remove.mutate()}
			onClose={onClose}
		>
			<p>{t('passkey.removeText')}</p>
		</ConfirmDialog>
	);
}
