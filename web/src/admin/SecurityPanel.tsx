import { Button, Checkbox } from '@carbon/react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, got } from '../api/client';
import type { Organization } from '../api/types';
import { useRight } from '../session/me';
import { notify } from '../ui/notices';
import { ProblemNotice } from '../ui/ProblemNotice';
import { TextField } from '../ui/TextField';

/** Four eyes for large orders, and what may stand for the admin certificate. */
export function SecurityPanel({ organization }: { organization: Organization }) {
	const { t } = useTranslation();
	const client = useQueryClient();
	const administers = useRight('admin');
	const [approval, setApproval] = useState(organization.approval_above !== null);
	const [above, setAbove] = useState(String(organization.approval_above ?? 10_000));
	const [passkeys, setPasskeys] = useState(organization.passkeys);
	const wrong = approval && !/^\d{1,9}$/.test(above.trim());

	const save = useMutation({
		mutationFn: () =>
			got(
				api.PUT('/organizations/{organization_id}/security-settings', {
					params: { path: { organization_id: organization.id } },
					body: { approval_above: approval ? Number(above) : null, passkeys },
				}),
			),
		onSuccess: () => {
			void client.invalidateQueries({ queryKey: ['organization', organization.id] });
			notify('success', t('admin.saved'));
		},
	});

	function submit(event: FormEvent) {
		event.preventDefault();
		if (wrong) document.getElementById('approval-above')?.focus();
		else save.mutate();
	}

	return (
		<section className="panel">
			<h2>{t('admin.security')}</h2>
			<p className="quiet">{t('admin.securityText')}</p>
			{save.error && <ProblemNotice error={save.error} />}
			<form className="stack" noValidate onSubmit={submit}>
				<Checkbox
					id="approval"
					labelText={t('admin.approvalOn')}
					disabled={!administers}
					checked={approval}
					onChange={(_, { checked }) => setApproval(checked)}
				/>
				{approval && (
					<TextField
						id="approval-above"
						labelText={t('admin.approvalAbove')}
						inputMode="numeric"
						disabled={!administers}
						invalid={wrong}
						invalidText={t('admin.approvalWrong')}
						value={above}
						onChange={(event) => setAbove(event.target.value)}
					/>
				)}
				<Checkbox
					id="passkeys"
					labelText={t('admin.passkeys')}
					disabled={!administers}
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
		</section>
	);
}
