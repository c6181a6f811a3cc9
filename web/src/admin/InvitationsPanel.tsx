import { CloseOutline, Email } from '@carbon/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { TFunction } from 'i18next';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { api, got } from '../api/client';
import type { Invitation, User } from '../api/types';
import { formatTime } from '../lib/format';
import { useRight } from '../session/me';
import { notify } from '../ui/notices';
import { problemText, problemTitle } from '../ui/problem-text';
import { ListPanel } from '../ui/table/ListPanel';
import type { Column, RowAction } from '../ui/table/types';
import { useLocalPage } from '../ui/table/useLocalPage';
import { invitationsQuery } from './queries';

const rowId = (invitation: Invitation) => invitation.id;
const rowName = (invitation: Invitation) => formatTime(invitation.created_at);

function invitationColumns(t: TFunction): Column<Invitation>[] {
	return [
		{
			key: 'created',
			title: t('admin.invited'),
			className: 'nowrap',
			cell: (invitation) => formatTime(invitation.created_at),
		},
		{
			key: 'expires',
			title: t('admin.goodUntil'),
			className: 'nowrap',
			cell: (invitation) => formatTime(invitation.expires_at),
		},
	];
}

/** Open invitations to enroll, which one may send anew or withdraw. */
export function InvitationsPanel({ user }: { user: User }) {
	const { t } = useTranslation();
	const client = useQueryClient();
	const administers = useRight('admin');
	const page = useLocalPage(20);
	const query = useQuery(invitationsQuery(user.id, page[0]));
	const columns = useMemo(() => invitationColumns(t), [t]);
	const onError = (error: unknown) =>
		notify('error', problemTitle(t, error), problemText(t, error));
	const refresh = () => client.invalidateQueries({ queryKey: ['user', user.id] });

	const invite = useMutation({
		mutationFn: () =>
			got(api.POST('/users/{user_id}/invitations', { params: { path: { user_id: user.id } } })),
		onSuccess: () => {
			notify('success', t('admin.inviteSent', { email: user.email }));
			void refresh();
		},
		onError,
	});
	const withdraw = useMutation({
		mutationFn: (invitation_id: string) =>
			got(
				api.DELETE('/users/{user_id}/invitations/{invitation_id}', {
					params: { path: { user_id: user.id, invitation_id } },
				}),
			),
		onSuccess: () => {
			notify('success', t('admin.inviteWithdrawn'));
			void refresh();
		},
		onError,
	});
	const { mutate } = withdraw;
	const actions = useMemo<RowAction<Invitation>[]>(
		() => [
			{
				key: 'withdraw',
				label: t('admin.inviteWithdraw'),
				icon: CloseOutline,
				tone: 'danger',
				shown: () => administers,
				run: (invitation) => mutate(invitation.id),
			},
		],
		[t, administers, mutate],
	);
	return (
		<ListPanel
			title={t('admin.invitations')}
			text={t('admin.invitationsText')}
			add={t('admin.inviteSend')}
			addIcon={Email}
			adding={invite.isPending}
			onAdd={administers && user.status === 'active' ? () => invite.mutate() : undefined}
			query={query}
			columns={columns}
			rowId={rowId}
			rowName={rowName}
			actions={actions}
			empty={t('admin.invitationsEmpty')}
			page={page}
		/>
	);
}
