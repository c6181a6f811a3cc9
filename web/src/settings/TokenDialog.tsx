import { Button, Checkbox, Select, SelectItem } from '@carbon/react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, got } from '../api/client';
import type { Right, TokenCreated } from '../api/types';
import { useMe } from '../session/me';
import { CopyButton } from '../ui/CopyButton';
import { Dialog } from '../ui/Dialog';
import { FormDialog } from '../ui/FormDialog';
import { Notice } from '../ui/Notice';
import { TextField } from '../ui/TextField';

const lifetimes = [7, 30, 90, 180, 365, 730] as const;
const dayMs = 86_400_000;

/** Makes a token, and shows it the one time that it can be shown. */
export function TokenDialog({ onClose }: { onClose: () => void }) {
	const { t } = useTranslation();
	const client = useQueryClient();
	const me = useMe();
	const [name, setName] = useState('');
	const [scopes, setScopes] = useState<Right[]>(['view']);
	const [days, setDays] = useState(90);
	const [tried, setTried] = useState(false);
	const [made, setMade] = useState<TokenCreated>();
	const nameWrong = name.trim() === '' || name.trim().length > 200;

	const make = useMutation({
		mutationFn: () =>
			got(
				api.POST('/tokens', {
					body: {
						name: name.trim(),
						scopes,
						expires_at: new Date(Date.now() + days * dayMs).toISOString(),
					},
				}),
			),
		onSuccess: (token) => {
			setMade(token);
			void client.invalidateQueries({ queryKey: ['tokens'] });
		},
	});

	function submit() {
		setTried(true);
		if (nameWrong) document.getElementById('token-name')?.focus();
		else if (scopes.length > 0) make.mutate();
	}

	if (made) {
		return (
			<Dialog
				title={t('settings.tokenMade')}
				onClose={onClose}
				footer={<Button onClick={onClose}>{t('common.close')}</Button>}
			>
				<Notice kind="warning" title={t('settings.tokenOnce')} />
				<div className="row">
					<code className="secret">{made.token}</code>
					<CopyButton text={made.token} />
				</div>
			</Dialog>
		);
	}
	return (
		<FormDialog
			title={t('settings.newToken')}
			submit={t('settings.createToken')}
			pending={make.isPending}
			error={make.error}
			onSubmit={submit}
			onClose={onClose}
		>
			<TextField
				id="token-name"
				data-autofocus
				labelText={t('settings.tokenName')}
				helperText={t('settings.tokenNameHint')}
				autoComplete="off"
				invalid={tried && nameWrong}
				invalidText={t('settings.tokenNameError')}
				value={name}
				onChange={(event) => setName(event.target.value)}
			/>
			<fieldset className="stack stack--tight">
				<legend className="form__legend">{t('settings.scopes')}</legend>
				{me.rights.map((right) => (
					<Checkbox
						key={right}
						id={`scope-${right}`}
						labelText={t(`settings.scope.${right}`)}
						checked={scopes.includes(right)}
						onChange={(_, { checked }) =>
							setScopes(checked ? [...scopes, right] : scopes.filter((other) => other !== right))
						}
					/>
				))}
				{tried && scopes.length === 0 && (
					<p className="field-error" role="alert">
						{t('settings.scopesError')}
					</p>
				)}
			</fieldset>
			<Select
				id="token-expiry"
				labelText={t('settings.expiry')}
				value={days}
				onChange={(event) => setDays(Number(event.target.value))}
			>
				{lifetimes.map((count) => (
					<SelectItem key={count} value={count} text={t('settings.expiryDays', { count })} />
				))}
			</Select>
		</FormDialog>
	);
}
