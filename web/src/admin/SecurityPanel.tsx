import { Button, Checkbox } from '@carbon/react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, got } from '../api/client';
import type { SecuritySettings } from '../api/types';
import { useRight } from '../session/me';
import { notify } from '../ui/notices';
import { ProblemNotice } from '../ui/ProblemNotice';
import { TextField } from '../ui/TextField';
import { securityQuery } from './queries';

const passwordLengths = { least: 12, most: 64 };
const invitationDays = { least: 1, most: 30 };

/** Four eyes for large orders, passwords, and what may stand for the admin certificate. */
export function SecurityPanel({ organizationId }: { organizationId: number }) {
	const { t } = useTranslation();
	const { data, error, refetch } = useQuery(securityQuery(organizationId));
	return (
		<section className="panel">
			<h2>{t(organizationId === 0 ? 'admin.instance' : 'admin.security')}</h2>
			<p className="quiet">
				{t(organizationId === 0 ? 'admin.securityInstanceText' : 'admin.securityText')}
			</p>
			{error && <ProblemNotice error={error} onRetry={() => void refetch()} />}
			{!data && !error && <span className="skeleton" />}
			{data && <SecurityForm organizationId={organizationId} settings={data} />}
		</section>
	);
}

interface NumberFieldProps {
	id: string;
	label: string;
	wrong: string | undefined;
	value: string;
	onChange: (value: string) => void;
}

function NumberField({ id, label, wrong, value, onChange }: NumberFieldProps) {
	const administers = useRight('admin');
	return (
		<TextField
			id={id}
			labelText={label}
			inputMode="numeric"
			autoComplete="off"
			readOnly={!administers}
			invalid={wrong !== undefined}
			invalidText={wrong}
			value={value}
			onChange={(event) => onChange(event.target.value)}
		/>
	);
}

function outside(text: string, { least, most }: { least: number; most: number }): boolean {
	return !/^\d{1,4}$/.test(text.trim()) || Number(text) < least || Number(text) > most;
}

interface SecurityFormProps {
	organizationId: number;
	settings: SecuritySettings;
}

function SecurityForm({ organizationId, settings }: SecurityFormProps) {
	const { t } = useTranslation();
	const client = useQueryClient();
	const administers = useRight('admin');
	const [approval, setApproval] = useState(settings.approval_above !== null);
	const [above, setAbove] = useState(String(settings.approval_above ?? 10_000));
	const [passkeys, setPasskeys] = useState(settings.passkeys);
	const [length, setLength] = useState(String(settings.password_min_length ?? ''));
	const [days, setDays] = useState(String(settings.invitation_days ?? ''));
	const wrong = {
		'approval-above': approval && !/^\d{1,9}$/.test(above.trim()),
		'password-length': outside(length, passwordLengths),
		'invitation-days': outside(days, invitationDays),
	};

	const save = useMutation({
		mutationFn: () =>
			got(
				api.PUT('/organizations/{organization_id}/security-settings', {
					params: { path: { organization_id: organizationId } },
					body: {
						approval_above: approval ? Number(above) : null,
						passkeys,
						password_min_length: Number(length),
						invitation_days: Number(days),
					},
				}),
			),
		onSuccess: () => {
			void client.invalidateQueries({ queryKey: ['organization', organizationId] });
			notify('success', t('admin.saved'));
		},
	});

	function submit(event: FormEvent) {
		event.preventDefault();
		const first = Object.entries(wrong).find(([, bad]) => bad);
		if (first) document.getElementById(first[0])?.focus();
		else save.mutate();
	}

	return (
		<form className="stack" noValidate onSubmit={submit}>
			{save.error && <ProblemNotice error={save.error} />}
			{organizationId !== 0 && (
				<Checkbox
					id="approval"
					labelText={t('admin.approvalOn')}
					readOnly={!administers}
					checked={approval}
					onChange={(_, { checked }) => setApproval(checked)}
				/>
			)}
			{approval && (
				<NumberField
					id="approval-above"
					label={t('admin.approvalAbove')}
					wrong={wrong['approval-above'] ? t('admin.approvalWrong') : undefined}
					value={above}
					onChange={setAbove}
				/>
			)}
			<NumberField
				id="password-length"
				label={t('admin.passwordLength')}
				wrong={wrong['password-length'] ? t('admin.passwordLengthWrong') : undefined}
				value={length}
				onChange={setLength}
			/>
			<NumberField
				id="invitation-days"
				label={t('admin.invitationDays')}
				wrong={wrong['invitation-days'] ? t('admin.invitationDaysWrong') : undefined}
				value={days}
				onChange={setDays}
			/>
			<Checkbox
				id="passkeys"
				labelText={t('admin.passkeys')}
				readOnly={!administers}
				checked={passkeys}
				onChange={(_, { checked }) => setPasskeys(checked)}
			/>
			{administers && (
				<div className="row row--end">
					<Button type="submit" size="md" disabled={save.isPending}>
						{t('common.save')}
					</Button>
				</div>
			)}
		</form>
	);
}
