import { Add, CloudDownload, Information, ShoppingCart } from '@carbon/icons-react';
import { Button } from '@carbon/react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { TFunction } from 'i18next';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, apiBase, got } from '../api/client';
import type { ProfileSummary } from '../api/types';
import { formatNumber } from '../lib/format';
import { clickLink } from '../lib/save';
import { useMe } from '../session/me';
import { EmptyState } from '../ui/EmptyState';
import { FilterSelect } from '../ui/FilterSelect';
import { FilterText } from '../ui/FilterText';
import { ListFrame } from '../ui/table/ListFrame';
import { TableTools } from '../ui/table/TableTools';
import type { Column, RowAction } from '../ui/table/types';
import { useShownColumns } from '../ui/table/useShownColumns';
import { useTitle } from '../ui/useTitle';
import { keyText } from './keyText';
import { NewProfileDialog } from './NewProfileDialog';
import { defaultLimit, profilesQuery } from './queries';
import { type ProfilesSearch, profileSorts } from './search';

const route = getRouteApi('/session/app/profiles');
const rowId = (profile: ProfileSummary) => String(profile.id);
const rowName = (profile: ProfileSummary) => profile.name;

function profileColumns(t: TFunction): Column<ProfileSummary>[] {
	return [
		{
			key: 'id',
			title: t('profiles.id'),
			sort: 'id',
			className: 'number',
			cell: (profile) => profile.id,
			text: (profile) => profile.id,
		},
		{
			key: 'name',
			title: t('profiles.name'),
			sort: 'name',
			fixed: true,
			cell: (profile, tabIndex) => (
				<Link
					to="/profiles/$profileId"
					params={{ profileId: String(profile.id) }}
					tabIndex={tabIndex}
				>
					{profile.name}
				</Link>
			),
			text: (profile) => profile.name,
		},
		{
			key: 'ecosystem',
			title: t('profiles.ecosystem'),
			cell: (profile) => profile.ecosystem.name,
			text: (profile) => profile.ecosystem.name,
		},
		{
			key: 'ca',
			title: t('profiles.ca'),
			cell: (profile) => profile.ca_label,
			text: (profile) => profile.ca_label,
		},
		{
			key: 'key',
			title: t('profiles.keyType'),
			className: 'nowrap',
			cell: (profile) => keyText(t, profile.key),
			text: (profile) => keyText(t, profile.key),
		},
		{
			key: 'available',
			title: t('profiles.available'),
			className: 'number',
			cell: (profile) => profile.quota && formatNumber(profile.quota.available),
			text: (profile) => profile.quota?.available ?? null,
		},
	];
}

export function ProfilesPage() {
	const { t } = useTranslation();
	useTitle(t('profiles.title'));
	const me = useMe();
	const search = route.useSearch();
	const navigate = route.useNavigate();
	const query = useQuery(profilesQuery(search));
	const columns = useMemo(() => profileColumns(t), [t]);
	const shown = useShownColumns('profiles', columns);
	const mayOrder = me.rights.includes('order');
	const operates = me.rights.includes('operate');
	const [adding, setAdding] = useState(false);

	const actions = useMemo<RowAction<ProfileSummary>[]>(
		() => [
			{
				key: 'details',
				label: t('profiles.details'),
				icon: Information,
				shown: () => true,
				run: ({ id }) =>
					void navigate({ to: '/profiles/$profileId', params: { profileId: String(id) } }),
			},
			{
				key: 'chain',
				label: t('profiles.chain'),
				icon: CloudDownload,
				shown: () => true,
				run: ({ id }) => clickLink(`${apiBase}/profiles/${id}/chain.zip`),
			},
			{
				key: 'order',
				label: t('profiles.order'),
				icon: ShoppingCart,
				shown: () => mayOrder,
				run: ({ id }) => void navigate({ to: '/batches/new', search: { profile: id } }),
			},
		],
		[t, navigate, mayOrder],
	);

	const change = (next: Partial<ProfilesSearch>) =>
		void navigate({
			search: (now) => ({ ...now, cursor: undefined, page: undefined, ...next }),
			replace: true,
		});

	return (
		<div className="page page--list">
			<div className="page__head">
				<h1>{t('profiles.title')}</h1>
				{operates && (
					<Button size="md" renderIcon={Add} onClick={() => setAdding(true)}>
						{t('versions.newProfile')}
					</Button>
				)}
			</div>
			<ListFrame
				label={t('profiles.table')}
				query={query}
				columns={shown}
				rowId={rowId}
				rowName={rowName}
				actions={actions}
				sort={search.sort ?? 'id'}
				onSort={(sort) => change({ sort: profileSorts.find((one) => one === sort) })}
				filters={
					<search className="filters no-print" aria-label={t('profiles.filters')}>
						<FilterText
							search
							wide
							label={t('profiles.find')}
							value={search.name ?? ''}
							onChange={(text) => change({ name: text || undefined })}
						/>
						<FilterSelect
							label={t('profiles.ecosystem')}
							value={search.ecosystem ?? ''}
							options={[
								{ value: '', text: t('profiles.anyEcosystem') },
								...me.ecosystems.map(({ id, name }) => ({ value: id, text: name })),
							]}
							onChange={(value) => change({ ecosystem: value || undefined })}
						/>
					</search>
				}
				tools={
					<TableTools
						table="profiles"
						columns={columns}
						fetchPage={(cursor, limit) =>
							got(
								api.GET('/profiles', {
									params: {
										query: {
											name: search.name?.trim() || undefined,
											ecosystem: search.ecosystem,
											sort: search.sort,
											cursor,
											limit,
										},
									},
								}),
							)
						}
					/>
				}
				filtered={search.name !== undefined || search.ecosystem !== undefined}
				onClear={() => void navigate({ search: {}, replace: true })}
				empty={<EmptyState title={t('profiles.empty')}>{t('profiles.emptyText')}</EmptyState>}
				search={search}
				limit={search.limit ?? defaultLimit}
				onPage={(next) => void navigate({ search: (now) => ({ ...now, ...next }) })}
			/>
			{adding && <NewProfileDialog onClose={() => setAdding(false)} />}
		</div>
	);
}
