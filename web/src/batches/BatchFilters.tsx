import { Checkbox } from '@carbon/react';
import { useTranslation } from 'react-i18next';
import { FilterSelect } from '../ui/FilterSelect';
import { FilterText } from '../ui/FilterText';
import { type BatchesSearch, batchStatuses } from './search';

interface BatchFiltersProps {
	search: BatchesSearch;
	onChange: (change: Partial<BatchesSearch>) => void;
	hasProfile: boolean;
}

function count(text: string): number | undefined {
	const value = Number(text);
	return text !== '' && Number.isInteger(value) && value >= 1 ? value : undefined;
}

/** All filters apply together; they live in the address. */
export function BatchFilters({ search, onChange, hasProfile }: BatchFiltersProps) {
	const { t } = useTranslation();
	const statuses = [
		{ value: '', text: t('batches.anyStatus') },
		...batchStatuses.map((value) => ({ value, text: t(`status.${value}`) })),
	];
	return (
		<search className="filters no-print" aria-label={t('batches.filters')}>
			{hasProfile && (
				<Checkbox
					id="for-current-profile"
					className="filters__check"
					labelText={t('batches.forCurrentProfile')}
					checked={!search.all}
					onChange={(_, { checked }) => onChange({ all: checked ? undefined : true })}
				/>
			)}
			<FilterText
				label={t('batches.id')}
				type="number"
				value={search.id?.toString() ?? ''}
				onChange={(text) => onChange({ id: count(text) })}
			/>
			<FilterSelect
				label={t('batches.status')}
				value={search.status ?? ''}
				options={statuses}
				onChange={(value) => onChange({ status: batchStatuses.find((one) => one === value) })}
			/>
			<FilterText
				search
				wide
				label={t('batches.name')}
				value={search.name ?? ''}
				onChange={(text) => onChange({ name: text || undefined })}
			/>
			<FilterText
				label={t('batches.fromDate')}
				type="date"
				value={search.from ?? ''}
				onChange={(text) => onChange({ from: text || undefined })}
			/>
			<FilterText
				label={t('batches.toDate')}
				type="date"
				value={search.to ?? ''}
				onChange={(text) => onChange({ to: text || undefined })}
			/>
			<FilterText
				label={t('batches.fromSize')}
				type="number"
				value={search.min?.toString() ?? ''}
				onChange={(text) => onChange({ min: count(text) })}
			/>
			<FilterText
				label={t('batches.toSize')}
				type="number"
				value={search.max?.toString() ?? ''}
				onChange={(text) => onChange({ max: count(text) })}
			/>
		</search>
	);
}
