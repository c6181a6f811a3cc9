import { Button, RadioButton, RadioButtonGroup } from '@carbon/react';
import { zodResolver } from '@hookform/resolvers/zod';
import { useMutation } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { useForm } from 'react-hook-form';
import { useTranslation } from 'react-i18next';
import { z } from 'zod';
import { api, got } from '../api/client';
import { ApiProblem } from '../api/problem';
import { PasswordField } from '../ui/PasswordField';
import { ProblemNotice } from '../ui/ProblemNotice';
import type { KeyAndRequest } from './pkcs';
import type { Enrolled, Enrolment } from './types';

const schema = z
	.object({ password: z.string().max(128), repeat: z.string() })
	.refine(({ password, repeat }) => password === repeat, { path: ['repeat'] });
type Fields = z.infer<typeof schema>;

type Place = 'browser' | 'portal';

interface CertificateFormProps {
	token: string;
	enrolment: Enrolment;
	onDone: (file: Enrolled) => void;
}

function pkcs12File(name: string, octets: BlobPart): Enrolled {
	const blob = new Blob([octets], { type: 'application/x-pkcs12' });
	return { name, url: URL.createObjectURL(blob) };
}

/** Gets the admin certificate as a PKCS#12 file; the key never leaves this browser unless asked for. */
export function CertificateForm({ token, enrolment, onDone }: CertificateFormProps) {
	const { t } = useTranslation();
	const [place, setPlace] = useState<Place>('browser');
	/** Kept over a failure: asked again with the same request, the answer is the same certificate. */
	const key = useRef<KeyAndRequest>(undefined);
	const least = enrolment.pkcs12_password_min_length;
	const form = useForm<Fields>({
		resolver: zodResolver(
			schema.refine(({ password }) => password.length >= least && /^[ -~]*$/.test(password), {
				path: ['password'],
			}),
		),
		defaultValues: { password: '', repeat: '' },
	});
	const { errors } = form.formState;
	const params = { path: { token } };

	async function fromBrowser(password: string): Promise<Enrolled> {
		const { keyMake, pkcs12Make } = await import('./pkcs');
		key.current ??= await keyMake(enrolment.username);
		const { csr } = key.current;
		const made = await got(api.POST('/enrolments/{token}', { params, body: { csr } }));
		const octets = await pkcs12Make(
			enrolment.username,
			key.current,
			made.pem,
			made.chain_pem,
			password,
		);
		return pkcs12File(made.file_name, octets);
	}

	async function fromPortal(pkcs12_password: string): Promise<Enrolled> {
		const made = await got(
			api.POST('/enrolments/{token}', {
				params,
				body: { pkcs12_password, pkcs12_mode: 'compatible' },
			}),
		);
		const octets = Uint8Array.from(atob(made.pkcs12 ?? ''), (char) => char.charCodeAt(0));
		return pkcs12File(made.file_name, octets);
	}

	const enrol = useMutation({
		mutationFn: ({ password }: Fields) =>
			place === 'browser' ? fromBrowser(password) : fromPortal(password),
		onSuccess: onDone,
		onError: (error) => {
			const wrong =
				error instanceof ApiProblem && error.errors.find((one) => one.field === 'pkcs12_password');
			if (wrong) form.setError('password', { message: wrong.message }, { shouldFocus: true });
		},
	});

	return (
		<form
			className="form"
			noValidate
			onSubmit={form.handleSubmit((fields) => enrol.mutate(fields))}
		>
			{enrol.error && <ProblemNotice error={enrol.error} />}
			<RadioButtonGroup
				name="place"
				legendText={t('enrol.place')}
				orientation="vertical"
				valueSelected={place}
				onChange={(value) => setPlace(value === 'portal' ? 'portal' : 'browser')}
			>
				<RadioButton id="place-browser" value="browser" labelText={t('enrol.inBrowser')} />
				<RadioButton id="place-portal" value="portal" labelText={t('enrol.inPortal')} />
			</RadioButtonGroup>
			<PasswordField
				id="file-password"
				labelText={t('enrol.password')}
				helperText={t('enrol.passwordHint', { count: least })}
				autoComplete="new-password"
				invalid={errors.password !== undefined}
				invalidText={errors.password?.message || t('enrol.passwordWrong', { count: least })}
				{...form.register('password')}
			/>
			<PasswordField
				id="file-repeat"
				labelText={t('enrol.repeat')}
				autoComplete="new-password"
				invalid={errors.repeat !== undefined}
				invalidText={t('login.notSame')}
				{...form.register('repeat')}
			/>
			<div className="row row--end">
				<Button type="submit" disabled={enrol.isPending}>
					{t(enrol.isPending ? 'enrol.making' : 'enrol.get')}
				</Button>
			</div>
		</form>
	);
}
