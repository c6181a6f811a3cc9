import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { RevocationReason } from '../api/types';
import { dayStart } from '../lib/format';
import { FormDialog } from '../ui/FormDialog';
import { Meter } from '../ui/Meter';
import { TextField } from '../ui/TextField';
import { ReasonSelect } from './ReasonSelect';

/** From so many certificates on, the number has to be typed: too late to notice afterwards. */
const typedFrom = 100;

/** Why, and since when it is known. */
export interface Revocation {
	reason: RevocationReason;
	invalid_since?: string;
}

interface RevokeDialogProps {
	title: string;
	label?: string;
	count: number;
	pending: boolean;
	/** Where all are of one profile. */
	profileId?: number;
	/** May it be said since when they are bad? */
	asksSince?: boolean;
	/** How far a revocation in several requests has come. */
	done?: number;
	error?: unknown;
	onRevoke: (order: Revocation) => void;
	onClose: () => void;
}

export function RevokeDialog(props: RevokeDialogProps) {
	const { title, label, count, pending, profileId, asksSince, done, error } = props;
	const { onRevoke, onClose } = props;
	const { t } = useTranslation();
	const id = useId();
	const [reason, setReason] = useState<RevocationReason | ''>('');
	const [since, setSince] = useState('');
	const [typed, setTyped] = useState('');
	const [tried, setTried] = useState(false);
	const asksNumber = count >= typedFrom;
	const numberWrong = asksNumber && typed.replace(/[\s.,']/g, '') !== String(count);
	const sinceWrong = since !== '' && Date.parse(dayStart(since) ?? '') > Date.now();

	function submit() {
		setTried(true);
		if (reason === '') document.getElementById(`${id}-reason`)?.focus();
		else if (numberWrong) document.getElementById(`${id}-count`)?.focus();
		else if (sinceWrong) document.getElementById(`${id}-since`)?.focus();
		else onRevoke({ reason, ...(since && { invalid_since: dayStart(since) }) });
	}

	return (
		<FormDialog
			danger
			title={title}
			label={label}
			submit={t('common.ok')}
			pending={pending}
			error={error}
			onSubmit={submit}
			onClose={onClose}
		>
			<p>{t(reason === 'certificate_hold' ? 'revoke.holdText' : 'revoke.text', { count })}</p>
			<ReasonSelect
				profileId={profileId}
				id={`${id}-reason`}
				value={reason}
				invalid={tried && reason === ''}
				onChange={setReason}
			/>
			{asksSince && (
				<TextField
					id={`${id}-since`}
					type="date"
					labelText={t('common.optional', { label: t('revoke.since') })}
					helperText={t('revoke.sinceHint')}
					value={since}
					invalid={tried && sinceWrong}
					invalidText={t('revoke.sinceWrong')}
					onChange={(event) => setSince(event.target.value)}
				/>
			)}
			{asksNumber && (
				<TextField
					id={`${id}-count`}
					labelText={t('revoke.confirmCount', { count })}
					inputMode="numeric"
					autoComplete="off"
					value={typed}
					invalid={tried && numberWrong}
					invalidText={t('revoke.confirmError')}
					onChange={(event) => setTyped(event.target.value)}
				/>
			)}
			{pending && done !== undefined && (
				<Meter wide label={t('revoke.revoking')} value={done} max={count} />
			)}
		</FormDialog>
	);
}
