import { Button } from '@carbon/react';
import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, got } from '../api/client';
import { Notice } from '../ui/Notice';
import { ProblemNotice } from '../ui/ProblemNotice';
import { TextField } from '../ui/TextField';
import { LoginFrame } from './LoginFrame';

export function ForgotPage() {
	const { t } = useTranslation();
	const [username, setUsername] = useState('');
	const [missing, setMissing] = useState(false);
	const ask = useMutation({
		mutationFn: () => got(api.POST('/password-resets', { body: { username: username.trim() } })),
	});

	function submit(event: FormEvent) {
		event.preventDefault();
		setMissing(username.trim() === '');
		if (username.trim() === '') document.getElementById('username')?.focus();
		else ask.mutate();
	}

	return (
		<LoginFrame title={t('login.forgotTitle')}>
			{ask.isError && <ProblemNotice error={ask.error} />}
			{ask.isSuccess ? (
				<Notice kind="success" title={t('login.sent')}>
					{t('login.sentText')}
				</Notice>
			) : (
				<form className="form" noValidate onSubmit={submit}>
					<p>{t('login.forgotText')}</p>
					<TextField
						id="username"
						labelText={t('login.username')}
						autoComplete="username"
						autoCapitalize="none"
						spellCheck={false}
						invalid={missing}
						invalidText={t('login.required')}
						value={username}
						onChange={(event) => setUsername(event.target.value)}
					/>
					<div className="row row--end">
						<Button type="submit" disabled={ask.isPending}>
							{t('login.sendLink')}
						</Button>
					</div>
				</form>
			)}
			<Link to="/login">{t('login.backToLogin')}</Link>
		</LoginFrame>
	);
}
