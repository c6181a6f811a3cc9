import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { TFunction } from 'i18next';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Organization } from '../api/types';
import { formatDate } from '../lib/format';
import { useRight } from '../session/me';
import { EmptyState } from '../ui/EmptyState';
import { FilterText } from '../ui/FilterText';
import type { Column } from '../ui/table/types';
import { AdminList } from './AdminList';
import { OrganizationDialog } from './OrganizationDialog';
import { organizationsQuery } from './queries';
import { StateTag } from './StateTag';

const route = getRouteApi('/session/app/admin/organizations');
const rowId = (organization: Organization) => String(organization.id);
const rowName = (organization: Organization) => organization.name;

function organizationColumns(t: TFunction): Column<Organization>[] {
	return [
		{
			key: 'id',
			title: t('admin.id'),
			className: 'number',
			cell: (organization) => organization.id,
		},
		{
			key: 'name',
			title: t('admin.name'),
			cell: (organization, tabIndex) => (
				<Link
					to="/admin/organizations/$organizationId"
					params={{ organizationId: String(organization.id) }}
					tabIndex={tabIndex}
				>
					{organization.name}
				</Link>
			),
		},
		{
			key: 'status',
			title: t('admin.status'),
			cell: ({ status }) => <StateTag good={status === 'active'}>{t(`admin.${status}`)}</StateTag>,
		},
		{
			key: 'prefixes',
			title: t('admin.prefixes'),
			className: 'mono clip',
			cell: (organization) => organization.mac_prefixes.join(', '),
		},
		{
			key: 'created',
			title: t('admin.created'),
			className: 'nowrap',
			cell: (organization) => formatDate(organization.created_at),
		},
	];
}

export function OrganizationsPage() {
	const { t } = useTranslation();
	const search = route.useSearch();
	const navigate = route.useNavigate();
	const operates = useRight('operate');
	const [adding, setAdding] = useState(false);
	const query = useQuery(organizationsQuery(search));
	const columns = useMemo(() => organizationColumns(t), [t]);
	return (
		<AdminList
			title={t('admin.organizations')}
			add={t('admin.newOrganization')}
			onAdd={operates ? () => setAdding(true) : undefined}
			query={query}
			columns={columns}
			rowId={rowId}
			rowName={rowName}
			filters={
				<FilterText
					search
					wide
					label={t('admin.name')}
					value={search.name ?? ''}
					onChange={(text) => void navigate({ search: { name: text || undefined }, replace: true })}
				/>
			}
			filtered={search.name !== undefined}
			onClear={() => void navigate({ search: {}, replace: true })}
			empty={
				<EmptyState title={t('admin.organizationsEmpty')}>
					{t('admin.organizationsEmptyText')}
				</EmptyState>
			}
			search={search}
			onPage={(next) => void navigate({ search: (now) => ({ ...now, ...next }) })}
		>
			{adding && <OrganizationDialog onClose={() => setAdding(false)} />}
		</AdminList>
	);
}
