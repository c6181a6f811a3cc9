import { Checkbox } from '@carbon/react';
import { useTranslation } from 'react-i18next';
import { FilterSelect } from '../ui/FilterSelect';
import { FilterText } from '../ui/FilterText';
import { type CertificatesSearch, certificateStatuses } from './search';

interface CertificateFiltersProps {
	search: CertificatesSearch;
	onChange: (change: Partial<CertificatesSearch>) => void;
	hasProfile: boolean;
}

export function CertificateFilters({ search, onChange, hasProfile }: CertificateFiltersProps) {
	const { t } = useTranslation();
	const statuses = [
		{ value: '', text: t('certificates.anyStatus') },
		...certificateStatuses.map((value) => ({ value, text: t(`status.${value}`) })),
	];
	return (
		<search className="filters no-print" aria-label={t('certificates.filters')}>
			{hasProfile && (
				<Checkbox
					id="for-current-profile"
					className="filters__check"
					labelText={t('certificates.forCurrentProfile')}
					checked={search.current === true}
					onChange={(_, { checked }) => onChange({ current: checked || undefined })}
				/>
			)}
			<FilterText
				label={t('certificates.batchId')}
				type="number"
				value={search.batch?.toString() ?? ''}
				onChange={(text) => {
					const value = Number(text);
					onChange({ batch: Number.isInteger(value) && value > 0 ? value : undefined });
				}}
			/>
			<FilterText
				label={t('certificates.name')}
				value={search.name ?? ''}
				onChange={(text) => onChange({ name: text || undefined })}
			/>
			<FilterText
				label={t('certificates.subject')}
				value={search.subject ?? ''}
				onChange={(text) => onChange({ subject: text || undefined })}
			/>
			<FilterText
				search
				wide
				label={t('certificates.serial')}
				value={search.serial ?? ''}
				onChange={(text) => onChange({ serial: text || undefined })}
			/>
			<FilterSelect
				label={t('certificates.status')}
				value={search.status ?? ''}
				options={statuses}
				onChange={(value) => onChange({ status: certificateStatuses.find((one) => one === value) })}
			/>
			<FilterText
				label={t('certificates.fromDate')}
				type="date"
				value={search.from ?? ''}
				onChange={(text) => onChange({ from: text || undefined })}
			/>
			<FilterText
				label={t('certificates.toDate')}
				type="date"
				value={search.to ?? ''}
				onChange={(text) => onChange({ to: text || undefined })}
			/>
		</search>
	);
}
