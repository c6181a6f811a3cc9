import { Button } from '@carbon/react';
import { zodResolver } from '@hookform/resolvers/zod';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useForm } from 'react-hook-form';
import { useTranslation } from 'react-i18next';
import { z } from 'zod';
import { api, got } from '../api/client';
import { isStatus } from '../api/problem';
import { keep } from '../lib/storage';
import { passkeysKnown } from '../passkey/webauthn';
import { Notice } from '../ui/Notice';
import { PasswordField } from '../ui/PasswordField';
import { ProblemNotice } from '../ui/ProblemNotice';
import { problemText } from '../ui/problem-text';
import { TextField } from '../ui/TextField';
import { LoginFrame } from './LoginFrame';
import { type LoginStep, PasskeyRefused, PasskeyStep } from './PasskeyStep';

const schema = z.object({
	username: z.string().trim().min(1),
	password: z.string().min(1),
});
type Fields = z.infer<typeof schema>;

const route = getRouteApi('/login');

/**
 * The password step.  The certificate step is a navigation to the listener that asks for client
 * certificates; it comes back to the portal, or here with `refused`.
 */
export function LoginPage() {
	const { t } = useTranslation();
	const { refused, next, again } = route.useSearch();
	const [problem, setProblem] = useState<unknown>();
	const [leaving, setLeaving] = useState(false);
	/** The password is right, and a passkey may follow. */
	const [step, setStep] = useState<LoginStep>();
	const form = useForm<Fields>({
		resolver: zodResolver(schema),
		defaultValues: { username: '', password: '' },
	});
	const { errors, isSubmitting } = form.formState;

	function leave(url: string) {
		setLeaving(true);
		location.assign(url);
	}

	async function submit(fields: Fields) {
		setProblem(undefined);
		try {
			const step = await got(api.POST('/session', { body: fields }));
			// A refused second step comes back without the address, which is still kept.
			if (next || !refused) keep('next', next ?? null, sessionStorage);
			keep('again', again ? '1' : null, sessionStorage);
			keep('fresh', '1', sessionStorage);
			if (step.next === 'passkey' || (step.passkey && passkeysKnown())) setStep(step);
			else leave(step.url);
		} catch (error) {
			form.resetField('password');
			setProblem(error);
			form.setFocus('password');
		}
	}

	if (step && !leaving) {
		return (
			<PasskeyStep
				step={step}
				onCertificate={() => leave(step.url)}
				onRefused={(error) => {
					setStep(undefined);
					form.resetField('password');
					setProblem(error);
				}}
			/>
		);
	}
	return (
		<LoginFrame title={t('login.title')} step={leaving ? 2 : 1}>
			{refused && !problem && !leaving && <Refused none={refused === 'no-certificate'} />}
			{problem !== undefined && <LoginProblem error={problem} />}
			{leaving && (
				<Notice kind="info" title={t('login.certificate')}>
					{t('login.certificateText')}
				</Notice>
			)}
			<form className="form" noValidate onSubmit={form.handleSubmit(submit)}>
				<TextField
					id="username"
					labelText={t('login.username')}
					autoComplete="username"
					autoCapitalize="none"
					spellCheck={false}
					invalid={errors.username !== undefined}
					invalidText={t('login.required')}
					{...form.register('username')}
				/>
				<PasswordField
					id="password"
					labelText={t('login.password')}
					autoComplete="current-password"
					invalid={errors.password !== undefined}
					invalidText={t('login.required')}
					{...form.register('password')}
				/>
				<div className="split">
					<Link to="/forgot-password">{t('login.forgot')}</Link>
					<Button type="submit" disabled={isSubmitting || leaving}>
						{t('login.next')}
					</Button>
				</div>
			</form>
		</LoginFrame>
	);
}

function LoginProblem({ error }: { error: unknown }) {
	const { t } = useTranslation();
	if (error instanceof PasskeyRefused) return <Notice kind="error" title={t('passkey.refused')} />;
	if (isStatus(error, 401) || isStatus(error, 422)) {
		return (
			<Notice kind="error" title={t('login.wrong')}>
				{t('login.wrongText')}
			</Notice>
		);
	}
	if (isStatus(error, 429)) {
		return (
			<Notice kind="error" title={t('login.throttled')}>
				{problemText(t, error)}
			</Notice>
		);
	}
	return <ProblemNotice error={error} />;
}

/** The second step: no certificate at all, or one that does not do. */
function Refused({ none }: { none: boolean }) {
	const { t } = useTranslation();
	return (
		<Notice kind="error" title={t('login.refused')}>
			<p>{t(none ? 'login.refusedNone' : 'login.refusedWrong')}</p>
			<details>
				<summary>{t('login.refusedHelp')}</summary>
				<ul className="bullets">
					<li>{t('login.refusedHelp1')}</li>
					<li>{t('login.refusedHelp2')}</li>
					<li>{t('login.refusedHelp3')}</li>
				</ul>
			</details>
		</Notice>
	);
}
