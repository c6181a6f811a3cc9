import { Button } from '@carbon/react';
import { zodResolver } from '@hookform/resolvers/zod';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useForm } from 'react-hook-form';
import { useTranslation } from 'react-i18next';
import { z } from 'zod';
import { api, got } from '../api/client';
import { ApiProblem } from '../api/problem';
import { Notice } from '../ui/Notice';
import { PasswordField } from '../ui/PasswordField';
import { ProblemNotice } from '../ui/ProblemNotice';
import { LoginFrame } from './LoginFrame';

const schema = z
	.object({ password: z.string().min(1), repeat: z.string().min(1) })
	.refine(({ password, repeat }) => password === repeat, { path: ['repeat'] });
type Fields = z.infer<typeof schema>;

const route = getRouteApi('/reset-password');

export function ResetPage() {
	const { t } = useTranslation();
	const { token } = route.useSearch();
	const [problem, setProblem] = useState<unknown>();
	const [done, setDone] = useState(false);
	const form = useForm<Fields>({
		resolver: zodResolver(schema),
		defaultValues: { password: '', repeat: '' },
	});
	const { errors, isSubmitting } = form.formState;

	async function submit({ password }: Fields) {
		setProblem(undefined);
		try {
			await got(
				api.POST('/password-resets/{token}', { params: { path: { token } }, body: { password } }),
			);
			setDone(true);
		} catch (error) {
			const field =
				error instanceof ApiProblem && error.errors.find((one) => one.field === 'password');
			if (field) form.setError('password', { message: field.message }, { shouldFocus: true });
			else setProblem(error);
		}
	}

	return (
		<LoginFrame title={t('login.resetTitle')}>
			{problem !== undefined && <ResetProblem error={problem} />}
			{done ? (
				<Notice kind="success" title={t('login.resetDone')} />
			) : (
				<form className="form" noValidate onSubmit={form.handleSubmit(submit)}>
					<PasswordField
						id="password"
						labelText={t('login.newPassword')}
						helperText={t('login.passwordHint')}
						autoComplete="new-password"
						invalid={errors.password !== undefined}
						invalidText={errors.password?.message || t('login.required')}
						{...form.register('password')}
					/>
					<PasswordField
						id="repeat"
						labelText={t('login.repeatPassword')}
						autoComplete="new-password"
						invalid={errors.repeat !== undefined}
						invalidText={t('login.notSame')}
						{...form.register('repeat')}
					/>
					<div className="row row--end">
						<Button type="submit" disabled={isSubmitting}>
							{t('login.setPassword')}
						</Button>
					</div>
				</form>
			)}
			<Link to="/login">{t('login.backToLogin')}</Link>
		</LoginFrame>
	);
}

function ResetProblem({ error }: { error: unknown }) {
	const { t } = useTranslation();
	if (error instanceof ApiProblem && [404, 409, 410].includes(error.status)) {
		return (
			<Notice
				kind="error"
				title={t('login.linkDead')}
				action={<Link to="/forgot-password">{t('login.forgot')}</Link>}
			>
				{t('login.linkDeadText')}
			</Notice>
		);
	}
	return <ProblemNotice error={error} />;
}
