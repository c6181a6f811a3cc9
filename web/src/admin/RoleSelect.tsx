import { Select, SelectItem } from '@carbon/react';
import { useTranslation } from 'react-i18next';
import type { Role } from '../api/types';
import { useRight } from '../session/me';
import { roles } from './search';

interface RoleSelectProps {
	id: string;
	value: Role;
	/** The instance itself has operators and auditors, organizations have the others. */
	instance: boolean;
	onChange: (role: Role) => void;
}

const instanceRoles: readonly Role[] = ['operator', 'auditor'];

export function rolesFor(instance: boolean): Role[] {
	return roles.filter((role) => instanceRoles.includes(role) === instance);
}

export function RoleSelect({ id, value, instance, onChange }: RoleSelectProps) {
	const { t } = useTranslation();
	const operates = useRight('operate');
	const choices = rolesFor(instance && operates);
	return (
		<Select
			id={id}
			labelText={t('admin.role')}
			helperText={t(`admin.roleHints.${value}`)}
			value={value}
			onChange={(event) => {
				const role = choices.find((one) => one === event.target.value);
				if (role) onChange(role);
			}}
		>
			{choices.map((role) => (
				<SelectItem key={role} value={role} text={t(`shell.roles.${role}`)} />
			))}
		</Select>
	);
}
