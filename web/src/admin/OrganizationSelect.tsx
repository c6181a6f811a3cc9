import { Select, SelectItem } from '@carbon/react';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useMe } from '../session/me';
import { organizationsQuery } from './queries';

interface OrganizationSelectProps {
	id: string;
	value: number;
	/** Organizations that are not to be offered. */
	without?: readonly number[];
	onChange: (organizationId: number) => void;
}

/** Organizations that one administers; 0 is the instance itself, for operators. */
export function useOrganizationChoices(): { id: number; name: string }[] {
	const { t } = useTranslation();
	const { rights, organization } = useMe();
	const operates = rights.includes('operate');
	const { data } = useQuery({ ...organizationsQuery({ limit: 1000 }), enabled: operates });
	if (!operates) return organization ? [organization] : [];
	return [{ id: 0, name: t('admin.instance') }, ...(data?.items ?? [])];
}

export function OrganizationSelect({ id, value, without, onChange }: OrganizationSelectProps) {
	const { t } = useTranslation();
	const choices = useOrganizationChoices().filter((one) => !without?.includes(one.id));
	return (
		<Select
			id={id}
			labelText={t('admin.organization')}
			value={value}
			onChange={(event) => onChange(Number(event.target.value))}
		>
			{choices.map((organization) => (
				<SelectItem key={organization.id} value={organization.id} text={organization.name} />
			))}
		</Select>
	);
}
