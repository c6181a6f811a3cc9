import { Add, Edit, SubtractAlt } from '@carbon/icons-react';
import { Button } from '@carbon/react';
import type { TFunction } from 'i18next';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, got } from '../api/client';
import type { Membership, User } from '../api/types';
import { useMe } from '../session/me';
import { ActDialog } from '../ui/ActDialog';
import { ResourceTable } from '../ui/table/ResourceTable';
import type { Column, RowAction } from '../ui/table/types';
import { MembershipDialog } from './MembershipDialog';

const rowId = (membership: Membership) => String(membership.organization.id);
const rowName = (membership: Membership) => membership.organization.name;

function membershipColumns(t: TFunction, names: Map<number, string>): Column<Membership>[] {
	return [
		{
			key: 'organization',
			title: t('admin.organization'),
			cell: (membership) => membership.organization.name,
		},
		{
			key: 'role',
			title: t('admin.role'),
			cell: (membership) => t(`shell.roles.${membership.role}`),
		},
		{
			key: 'profiles',
			title: t('admin.profiles'),
			className: 'wrap',
			cell: ({ profile_ids }) =>
				profile_ids
					? profile_ids.map((id) => names.get(id) ?? id).join(', ')
					: t('admin.profilesAll'),
		},
	];
}

/** What a user may do, and where; several organizations are possible. */
export function MembershipsPanel({ user }: { user: User }) {
	const { t } = useTranslation();
	const me = useMe();
	const administers = me.rights.includes('admin');
	const operates = me.rights.includes('operate');
	const [editing, setEditing] = useState<Membership>();
	const [adding, setAdding] = useState(false);
	const [removing, setRemoving] = useState<Membership>();
	const columns = useMemo(
		() => membershipColumns(t, new Map(me.profiles.map(({ id, name }) => [id, name]))),
		[t, me.profiles],
	);
	const actions = useMemo<RowAction<Membership>[]>(
		() => [
			{
				key: 'edit',
				label: t('admin.changeRole'),
				icon: Edit,
				shown: () => administers,
				run: setEditing,
			},
			{
				key: 'remove',
				label: t('admin.removeMembership'),
				icon: SubtractAlt,
				tone: 'danger',
				shown: () => administers,
				run: setRemoving,
			},
		],
		[t, administers],
	);
	return (
		<section className="panel">
			<div className="panel__head">
				<h2>{t('admin.memberships')}</h2>
				{operates && (
					<Button size="md" kind="tertiary" renderIcon={Add} onClick={() => setAdding(true)}>
						{t('admin.addMembership')}
					</Button>
				)}
			</div>
			<p className="quiet">{t('admin.membershipsText')}</p>
			<ResourceTable
				plain
				label={t('admin.memberships')}
				columns={columns}
				rows={user.memberships}
				rowId={rowId}
				rowName={rowName}
				actions={actions}
				empty={t('admin.membershipsEmpty')}
			/>
			{(editing || adding) && (
				<MembershipDialog
					user={user}
					membership={editing}
					onClose={() => {
						setEditing(undefined);
						setAdding(false);
					}}
				/>
			)}
			{removing && (
				<ActDialog
					title={t('admin.removeMembershipTitle', {
						user: user.username,
						organization: removing.organization.name,
					})}
					act={() =>
						got(
							api.DELETE('/users/{user_id}/memberships/{organization_id}', {
								params: {
									path: { user_id: user.id, organization_id: removing.organization.id },
								},
							}),
						)
					}
					done={t('admin.saved')}
					changes={['users', 'user']}
					onClose={() => setRemoving(undefined)}
				>
					{t('admin.removeMembershipText')}
				</ActDialog>
			)}
		</section>
	);
}
