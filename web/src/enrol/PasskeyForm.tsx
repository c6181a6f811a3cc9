import { useTranslation } from 'react-i18next';
import { api, got } from '../api/client';
import { PasskeyNameForm } from '../passkey/PasskeyNameForm';
import { passkeyMake } from '../passkey/webauthn';

/** A passkey instead of the certificate. */
export function PasskeyForm({ token, onDone }: { token: string; onDone: () => void }) {
	const { t } = useTranslation();
	const params = { path: { token } };
	return (
		<PasskeyNameForm
			text={t('passkey.text')}
			register={async (name) => {
				const options = await got(api.POST('/enrolments/{token}/passkey-options', { params }));
				const body = await passkeyMake(options, name);
				await got(api.POST('/enrolments/{token}/passkeys', { params, body }));
			}}
			onDone={onDone}
		/>
	);
}
