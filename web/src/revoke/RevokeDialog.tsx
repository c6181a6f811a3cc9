import { Button, Select, SelectItem } from '@carbon/react';
import { type FormEvent, useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { RevocationReason } from '../api/types';
import { useLive } from '../live/live';
import { useRight } from '../session/me';
import { Dialog } from '../ui/Dialog';
import { Meter } from '../ui/Meter';
import { Notice } from '../ui/Notice';
import { ProblemNotice } from '../ui/ProblemNotice';
import { TextField } from '../ui/TextField';

const reasons = [
	'unspecified',
	'key_compromise',
	'affiliation_changed',
	'superseded',
	'cessation_of_operation',
] as const satisfies readonly RevocationReason[];

/** From so many certificates on, the number has to be typed: too late to notice afterwards. */
const typedFrom = 100;

interface RevokeDialogProps {
	title: string;
	label?: string;
	count: number;
	pending: boolean;
	/** How far a revocation in several requests has come. */
	done?: number;
	error?: unknown;
	onRevoke: (reason: RevocationReason) => void;
	onClose: () => void;
}

export function RevokeDialog(props: RevokeDialogProps) {
	const { title, label, count, pending, done, error, onRevoke, onClose } = props;
	const { t } = useTranslation();
	const id = useId();
	const down = useLive() === 'down';
	const operates = useRight('operate');
	const [reason, setReason] = useState<RevocationReason | ''>('');
	const [typed, setTyped] = useState('');
	const [tried, setTried] = useState(false);
	const asksNumber = count >= typedFrom;
	const numberWrong = asksNumber && typed.replace(/[\s.,']/g, '') !== String(count);
	const choices: RevocationReason[] = operates ? [...reasons, 'privilege_withdrawn'] : [...reasons];

	function submit(event: FormEvent) {
		event.preventDefault();
		setTried(true);
		if (reason === '') document.getElementById(`${id}-reason`)?.focus();
		else if (numberWrong) document.getElementById(`${id}-count`)?.focus();
		else onRevoke(reason);
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
				<p>{t('revoke.text', { count })}</p>
				<Select
					id={`${id}-reason`}
					data-autofocus
					labelText={t('revoke.reason')}
					value={reason}
					invalid={tried && reason === ''}
					invalidText={t('revoke.chooseError')}
					onChange={(event) => setReason(event.target.value as RevocationReason)}
				>
					<SelectItem value="" text={t('revoke.choose')} disabled hidden />
					{choices.map((choice) => (
						<SelectItem key={choice} value={choice} text={t(`revoke.reasons.${choice}`)} />
					))}
				</Select>
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
