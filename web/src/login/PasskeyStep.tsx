import { Button } from '@carbon/react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api, got } from '../api/client';
import { isStatus } from '../api/problem';
import type { components } from '../api/schema';
import { PasskeyProblem } from '../passkey/PasskeyNameForm';
import { type PasskeyAssertion, passkeyAssert, passkeysKnown } from '../passkey/webauthn';
import { Notice } from '../ui/Notice';
import { LoginFrame } from './LoginFrame';

export type LoginStep = components['schemas']['LoginStep'];

/** The portal has refused the passkey; the log-in begins anew. */
export class PasskeyRefused extends Error {}

interface PasskeyStepProps {
	step: LoginStep;
	onCertificate: () => void;
	onRefused: (error: unknown) => void;
}

/** The second step with a passkey, or the way to the one with the certificate. */
export function PasskeyStep({ step, onCertificate, onRefused }: PasskeyStepProps) {
	const { t } = useTranslation();
	const router = useRouter();
	const client = useQueryClient();
	const request = passkeysKnown() ? step.passkey : undefined;

	const send = useMutation({
		mutationFn: (body: PasskeyAssertion) => got(api.POST('/session/passkey', { body })),
		onSuccess: () => {
			client.clear();
			router.history.push('/enter');
		},
		onError: (error) => onRefused(isStatus(error, 401) ? new PasskeyRefused() : error),
	});
	const ask = useMutation({
		mutationFn: passkeyAssert,
		onSuccess: (assertion) => send.mutate(assertion),
	});

	return (
		<LoginFrame title={t('login.title')} step={2}>
			{ask.error && <PasskeyProblem error={ask.error} />}
			<Notice kind="info" title={t('passkey.step')}>
				{t(request ? 'passkey.stepText' : 'enrol.noMeans')}
			</Notice>
			<div className="stack">
				{request && (
					<Button disabled={ask.isPending || send.isPending} onClick={() => ask.mutate(request)}>
						{t('passkey.use')}
					</Button>
				)}
				{step.next === 'client_certificate' && (
					<Button kind="ghost" onClick={onCertificate}>
						{t('passkey.useCertificate')}
					</Button>
				)}
			</div>
		</LoginFrame>
	);
}
