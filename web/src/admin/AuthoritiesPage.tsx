import { useQuery } from '@tanstack/react-query';
import type { TFunction } from 'i18next';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { Ca } from '../api/types';
import { formatDate } from '../lib/format';
import type { Column } from '../ui/table/types';
import { useLocalPage } from '../ui/table/useLocalPage';
import { AdminList } from './AdminList';
import { authoritiesQuery } from './queries';

const rowId = (ca: Ca) => ca.id;
const rowName = (ca: Ca) => ca.label;
const soonMs = 365 * 86_400_000;

function authorityColumns(t: TFunction): Column<Ca>[] {
	return [
		{ key: 'label', title: t('admin.label'), className: 'wrap', cell: (ca) => ca.label },
		{ key: 'name', title: t('admin.documentName'), className: 'mono', cell: (ca) => ca.name },
		{
			key: 'purpose',
			title: t('admin.purpose'),
			cell: (ca) => t(`admin.purposes.${ca.purpose}`),
		},
		{
			key: 'subject',
			title: t('admin.subject'),
			className: 'mono wrap wide',
			cell: (ca) => ca.subject,
		},
		{
			key: 'key',
			title: t('admin.key'),
			className: 'nowrap',
			cell: (ca) => `${ca.key.algorithm} ${ca.key.curve ?? ca.key.size}`,
		},
		{
			key: 'expires',
			title: t('admin.expires'),
			className: 'nowrap',
			cell: (ca) => {
				const soon = Date.parse(ca.not_after) - Date.now() < soonMs;
				return (
					<span className={soon ? 'bad-text' : undefined}>
						{ca.not_after.startsWith('9999-') ? t('profiles.noEnd') : formatDate(ca.not_after)}
						{soon && ` · ${t('admin.expiresSoon')}`}
					</span>
				);
			},
		},
		{
			key: 'profiles',
			title: t('admin.profiles'),
			className: 'wrap',
			cell: (ca) => ca.profiles.map((profile) => profile.name).join(', '),
		},
		{
			key: 'files',
			title: t('admin.files'),
			className: 'nowrap',
			cell: (ca, tabIndex) => (
				<span className="row">
					<a href={ca.certificate_url} tabIndex={tabIndex}>
						{t('admin.certificateFile')}
					</a>
					<a href={ca.crl_url} tabIndex={tabIndex}>
						{t('admin.crlFile')}
					</a>
				</span>
			),
		},
	];
}

export function AuthoritiesPage() {
	const { t } = useTranslation();
	const [search, setSearch] = useLocalPage(50);
	const query = useQuery(authoritiesQuery(search));
	const columns = useMemo(() => authorityColumns(t), [t]);
	return (
		<AdminList
			title={t('admin.authorities')}
			query={query}
			columns={columns}
			rowId={rowId}
			rowName={rowName}
			empty={t('admin.authoritiesEmpty')}
			search={search}
			onPage={setSearch}
		/>
	);
}
