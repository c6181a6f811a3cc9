import { Select, SelectItem } from '@carbon/react';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { RevocationReason } from '../api/types';
import { profileQuery } from '../profiles/queries';
import { useRight } from '../session/me';

const reasons = [
	'unspecified',
	'key_compromise',
	'affiliation_changed',
	'superseded',
	'cessation_of_operation',
	'certificate_hold',
	'privilege_withdrawn',
] as const satisfies readonly RevocationReason[];

interface ReasonSelectProps {
	id: string;
	value: RevocationReason | '';
	invalid: boolean;
	/** Where all are of one profile: what that allows. */
	profileId?: number;
	onChange: (reason: RevocationReason) => void;
}

/** Why something is revoked: there is no default, and some reasons are for operators. */
export function ReasonSelect({ id, value, invalid, profileId, onChange }: ReasonSelectProps) {
	const { t } = useTranslation();
	const operates = useRight('operate');
	const { data: profile } = useQuery({
		...profileQuery(profileId ?? 0),
		enabled: profileId !== undefined,
	});
	const rule = profile?.revocation;
	const allowed = (reason: RevocationReason) =>
		!rule || (reason === 'certificate_hold' ? rule.hold : rule.reasons.includes(reason));
	const choices = reasons.filter(
		(reason) => allowed(reason) && (operates || reason !== 'privilege_withdrawn'),
	);
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
