import { Edit } from '@carbon/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { TFunction } from 'i18next';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { AdminList } from '../admin/AdminList';
import type { Ecosystem } from '../api/types';
import { useRight } from '../session/me';
import { EmptyState } from '../ui/EmptyState';
import type { Column, RowAction } from '../ui/table/types';
import { useLocalPage } from '../ui/table/useLocalPage';
import { EcosystemDialog } from './EcosystemDialog';
import { ecosystemsQuery } from './queries';

const rowId = (ecosystem: Ecosystem) => ecosystem.id;
const rowName = (ecosystem: Ecosystem) => ecosystem.name;

function ecosystemColumns(t: TFunction): Column<Ecosystem>[] {
	return [
		{
			key: 'name',
			title: t('ecosystems.name'),
			cell: (ecosystem, tabIndex) => (
				<Link to="/profiles" search={{ ecosystem: ecosystem.id }} tabIndex={tabIndex}>
					{ecosystem.name}
				</Link>
			),
		},
		{
			key: 'id',
			title: t('ecosystems.id'),
			className: 'mono',
			cell: (ecosystem) => ecosystem.id,
		},
		{
			key: 'position',
			title: t('ecosystems.position'),
			className: 'number',
			cell: (ecosystem) => ecosystem.position,
		},
	];
}

/** Groups of profiles under one rule set: what a user chooses at log-in. */
export function EcosystemsPage() {
	const { t } = useTranslation();
	const operates = useRight('operate');
	const [search, setSearch] = useLocalPage(50);
	const query = useQuery(ecosystemsQuery(search));
	const [adding, setAdding] = useState(false);
	const [edited, setEdited] = useState<Ecosystem>();
	const columns = useMemo(() => ecosystemColumns(t), [t]);
	const actions = useMemo<RowAction<Ecosystem>[]>(
		() => [
			{
				key: 'edit',
				label: t('ecosystems.edit'),
				icon: Edit,
				shown: () => operates,
				run: setEdited,
			},
		],
		[t, operates],
	);
	return (
		<AdminList
			title={t('ecosystems.title')}
			add={t('ecosystems.new')}
			onAdd={operates ? () => setAdding(true) : undefined}
			query={query}
			columns={columns}
			rowId={rowId}
			rowName={rowName}
			actions={actions}
			empty={<EmptyState title={t('ecosystems.empty')}>{t('ecosystems.emptyText')}</EmptyState>}
			search={search}
			onPage={setSearch}
		>
			{(adding || edited) && (
				<EcosystemDialog
					ecosystem={edited}
					onClose={() => {
						setAdding(false);
						setEdited(undefined);
					}}
				/>
			)}
		</AdminList>
	);
}
