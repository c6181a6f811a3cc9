import { Button } from '@carbon/react';
import { type FormEvent, useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { RevocationReason } from '../api/types';
import { dayStart } from '../lib/format';
import { useLive } from '../live/live';
import { Dialog } from '../ui/Dialog';
import { Meter } from '../ui/Meter';
import { Notice } from '../ui/Notice';
import { ProblemNotice } from '../ui/ProblemNotice';
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
	/** May it be said since when they are bad? */
	asksSince?: boolean;
	/** How far a revocation in several requests has come. */
	done?: number;
	error?: unknown;
	onRevoke: (order: Revocation) => void;
	onClose: () => void;
}

export function RevokeDialog(props: RevokeDialogProps) {
	const { title, label, count, pending, asksSince, done, error, onRevoke, onClose } = props;
	const { t } = useTranslation();
	const id = useId();
	const down = useLive() === 'down';
	const [reason, setReason] = useState<RevocationReason | ''>('');
	const [since, setSince] = useState('');
	const [typed, setTyped] = useState('');
	const [tried, setTried] = useState(false);
	const asksNumber = count >= typedFrom;
	const numberWrong = asksNumber && typed.replace(/[\s.,']/g, '') !== String(count);
	const sinceWrong = since !== '' && Date.parse(dayStart(since) ?? '') > Date.now();

	function submit(event: FormEvent) {
		event.preventDefault();
		setTried(true);
		if (reason === '') document.getElementById(`${id}-reason`)?.focus();
		else if (numberWrong) document.getElementById(`${id}-count`)?.focus();
		else if (sinceWrong) document.getElementById(`${id}-since`)?.focus();
		else onRevoke({ reason, ...(since && { invalid_since: dayStart(since) }) });
	}

	return (
		<Dialog
			title={title}
			label={label}
			onClose={onClose}
			footer={
				<>
					<Button kind="secondary" onClick={onClose}>
						{t('common.cancel')}
					</Button>
					<Button kind="danger" type="submit" form={`${id}-form`} disabled={pending || down}>
						{t('common.ok')}
					</Button>
				</>
			}
		>
			{error ? <ProblemNotice error={error} /> : null}
			{down && <Notice kind="warning" title={t('shell.writesOff')} />}
			<form id={`${id}-form`} className="form" noValidate onSubmit={submit}>
				<p>{t(reason === 'certificate_hold' ? 'revoke.holdText' : 'revoke.text', { count })}</p>
				<ReasonSelect
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
			</form>
		</Dialog>
	);
}
