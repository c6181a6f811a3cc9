import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { TFunction } from 'i18next';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { User } from '../api/types';
import { formatTime } from '../lib/format';
import { useRight } from '../session/me';
import { EmptyState } from '../ui/EmptyState';
import { FilterSelect } from '../ui/FilterSelect';
import { FilterText } from '../ui/FilterText';
import type { Column } from '../ui/table/types';
import { AdminList } from './AdminList';
import { NewUserDialog } from './NewUserDialog';
import { useOrganizationChoices } from './OrganizationSelect';
import { usersQuery } from './queries';
import { StateTag } from './StateTag';
import { roles, type UsersSearch } from './search';

const route = getRouteApi('/session/app/admin/users');
const rowId = (user: User) => String(user.id);
const rowName = (user: User) => user.username;

function userColumns(t: TFunction): Column<User>[] {
	return [
		{
			key: 'username',
			className: 'nowrap',
			title: t('admin.username'),
			cell: (user, tabIndex) => (
				<Link to="/admin/users/$userId" params={{ userId: String(user.id) }} tabIndex={tabIndex}>
					{user.username}
				</Link>
			),
		},
		{ key: 'name', title: t('admin.fullName'), cell: (user) => user.full_name },
		{ key: 'email', title: t('admin.email'), className: 'clip', cell: (user) => user.email },
		{
			key: 'role',
			title: t('admin.role'),
			cell: (user) =>
				user.memberships
					.map(
						({ role, organization }) =>
							`${t(`shell.roles.${role}`)} (${organization.name || t('admin.instance')})`,
					)
					.join(', '),
		},
		{
			key: 'status',
			title: t('admin.status'),
			cell: ({ status }) => <StateTag good={status === 'active'}>{t(`admin.${status}`)}</StateTag>,
		},
		{
			key: 'login',
			title: t('admin.lastLogin'),
			className: 'nowrap',
			cell: (user) =>
				user.last_login
					? `${formatTime(user.last_login.time)} · ${user.last_login.address}`
					: t('common.never'),
		},
	];
}

export function UsersPage() {
	const { t } = useTranslation();
	const search = route.useSearch();
	const navigate = route.useNavigate();
	const administers = useRight('admin');
	const organizations = useOrganizationChoices();
	const [adding, setAdding] = useState(false);
	const query = useQuery(usersQuery(search));
	const columns = useMemo(() => userColumns(t), [t]);
	const change = (next: Partial<UsersSearch>) =>
		void navigate({
			search: (now) => ({ ...now, cursor: undefined, page: undefined, ...next }),
			replace: true,
		});

	return (
		<AdminList
			title={t('admin.users')}
			add={t('admin.newUser')}
			onAdd={administers ? () => setAdding(true) : undefined}
			query={query}
			columns={columns}
			rowId={rowId}
			rowName={rowName}
			filters={
				<>
					<FilterText
						search
						wide
						label={t('admin.username')}
						value={search.username ?? ''}
						onChange={(text) => change({ username: text || undefined })}
					/>
					<FilterSelect
						label={t('admin.role')}
						value={search.role ?? ''}
						options={[
							{ value: '', text: t('admin.anyRole') },
							...roles.map((role) => ({ value: role, text: t(`shell.roles.${role}`) })),
						]}
						onChange={(value) => change({ role: roles.find((role) => role === value) })}
					/>
					{organizations.length > 1 && (
						<FilterSelect
							label={t('admin.organization')}
							value={search.organization?.toString() ?? ''}
							options={[
								{ value: '', text: t('admin.anyOrganization') },
								...organizations.map(({ id, name }) => ({ value: String(id), text: name })),
							]}
							onChange={(value) =>
								change({ organization: value === '' ? undefined : Number(value) })
							}
						/>
					)}
				</>
			}
			filtered={
				search.username !== undefined ||
				search.role !== undefined ||
				search.organization !== undefined
			}
			onClear={() => void navigate({ search: {}, replace: true })}
			empty={<EmptyState title={t('admin.usersEmpty')}>{t('admin.usersEmptyText')}</EmptyState>}
			search={search}
			onPage={(next) => void navigate({ search: (now) => ({ ...now, ...next }) })}
		>
			{adding && <NewUserDialog onClose={() => setAdding(false)} />}
		</AdminList>
	);
}
