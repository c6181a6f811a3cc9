import { Select, SelectItem } from '@carbon/react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, got } from '../api/client';
import type { Organization } from '../api/types';
import { profilesQuery } from '../profiles/queries';
import { FormDialog } from '../ui/FormDialog';
import { Notice } from '../ui/Notice';
import { notify } from '../ui/notices';

interface GrantDialogProps {
	organization: Organization;
	granted: number[];
	onClose: () => void;
}

export function GrantDialog({ organization, granted, onClose }: GrantDialogProps) {
	const { t } = useTranslation();
	const client = useQueryClient();
	const { data } = useQuery(profilesQuery({ limit: 1000, sort: 'name' }));
	const choices = data?.items.filter((profile) => !granted.includes(profile.id)) ?? [];
	const [chosen, setChosen] = useState<number>();
	const profileId = chosen ?? choices[0]?.id;

	const grant = useMutation({
		mutationFn: (id: number) =>
			got(
				api.PUT('/organizations/{organization_id}/grants/{profile_id}', {
					params: { path: { organization_id: organization.id, profile_id: id } },
				}),
			),
		onSuccess: (line) => {
			onClose();
			notify('success', t('admin.grantDone', { name: line.profile.name }));
			void client.invalidateQueries({ queryKey: ['organization', organization.id] });
		},
	});

	return (
		<FormDialog
			title={t('admin.grant')}
			label={organization.name}
			submit={t('common.add')}
			pending={grant.isPending || profileId === undefined}
			error={grant.error}
			onSubmit={() => profileId !== undefined && grant.mutate(profileId)}
			onClose={onClose}
		>
			{data && choices.length === 0 ? (
				<Notice kind="info" title={t('admin.grantNone')} />
			) : (
				<Select
					id="grant-profile"
					data-autofocus
					labelText={t('admin.profile')}
					value={profileId ?? ''}
					onChange={(event) => setChosen(Number(event.target.value))}
				>
					{choices.map((profile) => (
						<SelectItem
							key={profile.id}
							value={profile.id}
							text={`${profile.id} ${profile.name}`}
						/>
					))}
				</Select>
			)}
		</FormDialog>
	);
}
