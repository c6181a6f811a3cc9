import { Select, SelectItem } from '@carbon/react';
import { useTranslation } from 'react-i18next';
import type { RevocationReason } from '../api/types';
import { useRight } from '../session/me';

const reasons = [
	'unspecified',
	'key_compromise',
	'affiliation_changed',
	'superseded',
	'cessation_of_operation',
	'certificate_hold',
] as const satisfies readonly RevocationReason[];

interface ReasonSelectProps {
	id: string;
	value: RevocationReason | '';
	invalid: boolean;
	onChange: (reason: RevocationReason) => void;
}

/** Why something is revoked: there is no default, and some reasons are for operators. */
export function ReasonSelect({ id, value, invalid, onChange }: ReasonSelectProps) {
	const { t } = useTranslation();
	const operates = useRight('operate');
	const choices: RevocationReason[] = operates ? [...reasons, 'privilege_withdrawn'] : [...reasons];
	return (
		<Select
			id={id}
			data-autofocus
			labelText={t('revoke.reason')}
			value={value}
			invalid={invalid}
			invalidText={t('revoke.chooseError')}
			onChange={(event) => onChange(event.target.value as RevocationReason)}
		>
			<SelectItem value="" text={t('revoke.choose')} disabled hidden />
			{choices.map((choice) => (
				<SelectItem key={choice} value={choice} text={t(`revoke.reasons.${choice}`)} />
			))}
		</Select>
	);
}
