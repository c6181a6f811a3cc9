import { Button } from '@carbon/react';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Notice } from '../ui/Notice';
import { ProblemNotice } from '../ui/ProblemNotice';
import { TextField } from '../ui/TextField';
import { isGivenUp, isRegistered } from './webauthn';

interface PasskeyNameFormProps {
	text: string;
	/** Has the browser make the passkey, and the portal keep it. */
	register: (name: string) => Promise<void>;
	onDone: () => void;
	onCancel?: () => void;
}

export function PasskeyNameForm({ text, register, onDone, onCancel }: PasskeyNameFormProps) {
	const { t } = useTranslation();
	const [name, setName] = useState('');
	const [wrong, setWrong] = useState(false);
	const make = useMutation({ mutationFn: () => register(name.trim()), onSuccess: onDone });

	function submit(event: FormEvent) {
		event.preventDefault();
		const missing = name.trim() === '';
		setWrong(missing);
		if (missing) document.getElementById('passkey-name')?.focus();
		else make.mutate();
	}

	return (
		<form className="form" noValidate onSubmit={submit}>
			<p>{text}</p>
			{make.error && <PasskeyProblem error={make.error} />}
			<TextField
				id="passkey-name"
				data-autofocus
				labelText={t('passkey.name')}
				helperText={t('passkey.nameHint')}
				maxLength={100}
				autoComplete="off"
				invalid={wrong}
				invalidText={t('login.required')}
				value={name}
				onChange={(event) => setName(event.target.value)}
			/>
			<div className="row row--end">
				{onCancel && (
					<Button kind="secondary" onClick={onCancel}>
						{t('common.cancel')}
					</Button>
				)}
				<Button type="submit" disabled={make.isPending}>
					{t('passkey.register')}
				</Button>
			</div>
		</form>
	);
}

/** What the browser, or the portal, has against it. */
export function PasskeyProblem({ error }: { error: unknown }) {
	const { t } = useTranslation();
	if (isGivenUp(error)) return <Notice kind="warning" title={t('passkey.givenUp')} />;
	if (isRegistered(error)) return <Notice kind="warning" title={t('passkey.registered')} />;
	if (error instanceof DOMException) {
		return (
			<Notice kind="error" title={t('passkey.failed')}>
				{error.message}
			</Notice>
		);
	}
	return <ProblemNotice error={error} />;
}
