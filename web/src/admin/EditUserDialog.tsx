import { Select, SelectItem } from '@carbon/react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, got } from '../api/client';
import type { User } from '../api/types';
import { FormDialog } from '../ui/FormDialog';
import { notify } from '../ui/notices';
import { TextField } from '../ui/TextField';

export function EditUserDialog({ user, onClose }: { user: User; onClose: () => void }) {
	const { t } = useTranslation();
	const client = useQueryClient();
	const [name, setName] = useState(user.full_name);
	const [email, setEmail] = useState(user.email);
	const [status, setStatus] = useState(user.status);
	const [tried, setTried] = useState(false);
	const nameWrong = name.trim() === '' || name.length > 200;
	const emailWrong = !/^[^@\s]+@[^@\s]+$/.test(email.trim());

	const save = useMutation({
		mutationFn: () =>
			got(
				api.PATCH('/users/{user_id}', {
					params: { path: { user_id: user.id } },
					body: { full_name: name.trim(), email: email.trim(), status },
				}),
			),
		onSuccess: () => {
			onClose();
			notify('success', t('admin.saved'));
			for (const key of ['users', 'user']) void client.invalidateQueries({ queryKey: [key] });
		},
	});

	return (
		<FormDialog
			title={user.username}
			submit={t('common.save')}
			pending={save.isPending}
			error={save.error}
			onSubmit={() => {
				setTried(true);
				if (!nameWrong && !emailWrong) save.mutate();
			}}
			onClose={onClose}
		>
			<TextField
				id="edit-name"
				data-autofocus
				labelText={t('admin.fullName')}
				invalid={tried && nameWrong}
				invalidText={t('admin.required')}
				value={name}
				onChange={(event) => setName(event.target.value)}
			/>
			<TextField
				id="edit-email"
				type="email"
				labelText={t('admin.email')}
				invalid={tried && emailWrong}
				invalidText={t('admin.emailWrong')}
				value={email}
				onChange={(event) => setEmail(event.target.value)}
			/>
			<Select
				id="edit-status"
				labelText={t('admin.status')}
				helperText={t('admin.disableText')}
				value={status}
				onChange={(event) => setStatus(event.target.value === 'disabled' ? 'disabled' : 'active')}
			>
				<SelectItem value="active" text={t('admin.active')} />
				<SelectItem value="disabled" text={t('admin.disabled')} />
			</Select>
		</FormDialog>
	);
}
