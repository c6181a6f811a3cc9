import { Checkbox } from '@carbon/react';
import { zodResolver } from '@hookform/resolvers/zod';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useForm } from 'react-hook-form';
import { useTranslation } from 'react-i18next';
import { z } from 'zod';
import { api, got } from '../api/client';
import { ApiProblem } from '../api/problem';
import type { Role } from '../api/types';
import { useMe } from '../session/me';
import { FormDialog } from '../ui/FormDialog';
import { notify } from '../ui/notices';
import { TextField } from '../ui/TextField';
import { OrganizationSelect } from './OrganizationSelect';
import { RoleSelect, rolesFor } from './RoleSelect';

const schema = z.object({
	username: z
		.string()
		.trim()
		.regex(/^[a-z0-9][a-z0-9._@-]{0,99}$/),
	full_name: z.string().trim().min(1).max(200),
	email: z
		.string()
		.trim()
		.max(254)
		.regex(/^[^@\s]+@[^@\s]+$/),
});
type Fields = z.infer<typeof schema>;

export function NewUserDialog({ onClose }: { onClose: () => void }) {
	const { t } = useTranslation();
	const client = useQueryClient();
	const me = useMe();
	const operates = me.rights.includes('operate');
	const [organization, setOrganization] = useState(me.organization?.id ?? 0);
	const instance = organization === 0;
	const [chosen, setRole] = useState<Role>('viewer');
	const [service, setService] = useState(false);
	const [invite, setInvite] = useState(true);
	const role = rolesFor(instance).includes(chosen) ? chosen : (rolesFor(instance)[0] ?? 'viewer');
	const form = useForm<Fields>({
		resolver: zodResolver(schema),
		defaultValues: { username: '', full_name: '', email: '' },
	});
	const { errors } = form.formState;

	const add = useMutation({
		mutationFn: (fields: Fields) =>
			got(
				api.POST('/users', {
					body: {
						...fields,
						role,
						service,
						invite: invite && !service,
						...(operates && { organization_id: organization }),
					},
				}),
			),
		onSuccess: (user) => {
			onClose();
			notify('success', t('admin.userAdded', { name: user.username }));
			void client.invalidateQueries({ queryKey: ['users'] });
		},
		onError: (error) => {
			if (!(error instanceof ApiProblem)) return;
			for (const { field, message } of error.errors) {
				if (field === 'username' || field === 'full_name' || field === 'email') {
					form.setError(field, { message }, { shouldFocus: true });
				}
			}
		},
	});

	return (
		<FormDialog
			title={t('admin.newUser')}
			submit={t('common.add')}
			pending={add.isPending}
			error={add.error}
			onSubmit={() => void form.handleSubmit((fields) => add.mutate(fields))()}
			onClose={onClose}
		>
			<TextField
				id="user-username"
				data-autofocus
				labelText={t('admin.username')}
				helperText={t('admin.usernameHint')}
				autoComplete="off"
				autoCapitalize="none"
				spellCheck={false}
				invalid={errors.username !== undefined}
				invalidText={
					errors.username?.type === undefined ? errors.username?.message : t('admin.usernameWrong')
				}
				{...form.register('username')}
			/>
			<TextField
				id="user-name"
				labelText={t('admin.fullName')}
				autoComplete="off"
				invalid={errors.full_name !== undefined}
				invalidText={t('admin.required')}
				{...form.register('full_name')}
			/>
			<TextField
				id="user-email"
				type="email"
				labelText={t('admin.email')}
				autoComplete="off"
				invalid={errors.email !== undefined}
				invalidText={t('admin.emailWrong')}
				{...form.register('email')}
			/>
			{operates && (
				<OrganizationSelect
					id="user-organization"
					value={organization}
					onChange={setOrganization}
				/>
			)}
			<RoleSelect id="user-role" value={role} instance={instance} onChange={setRole} />
			<Checkbox
				id="user-service"
				labelText={t('admin.service')}
				checked={service}
				onChange={(_, { checked }) => setService(checked)}
			/>
			{!service && (
				<Checkbox
					id="user-invite"
					labelText={t('admin.invite')}
					checked={invite}
					onChange={(_, { checked }) => setInvite(checked)}
				/>
			)}
		</FormDialog>
	);
}
