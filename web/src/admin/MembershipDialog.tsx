import { Checkbox } from '@carbon/react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, got } from '../api/client';
import type { Membership, Role, User } from '../api/types';
import { FormDialog } from '../ui/FormDialog';
import { notify } from '../ui/notices';
import { OrganizationSelect, useOrganizationChoices } from './OrganizationSelect';
import { quotaQuery } from './queries';
import { RoleSelect, rolesFor } from './RoleSelect';

interface MembershipDialogProps {
	user: User;
	/** Without it the user is added to another organization. */
	membership?: Membership;
	onClose: () => void;
}

/** A role in an organization, and perhaps only some of its profiles. */
export function MembershipDialog({ user, membership, onClose }: MembershipDialogProps) {
	const { t } = useTranslation();
	const client = useQueryClient();
	const taken = user.memberships.map(({ organization }) => organization.id);
	const free = useOrganizationChoices().filter(({ id }) => !taken.includes(id));
	const [chosen, setChosen] = useState<number>();
	const organizationId = membership?.organization.id ?? chosen ?? free[0]?.id;
	const instance = organizationId === 0;
	const [wanted, setRole] = useState<Role>(membership?.role ?? 'viewer');
	const role = rolesFor(instance).includes(wanted) ? wanted : (rolesFor(instance)[0] ?? 'viewer');
	const [profiles, setProfiles] = useState<number[]>(membership?.profile_ids ?? []);
	const { data: quota } = useQuery({
		...quotaQuery(organizationId ?? 0, { limit: 1000 }),
		enabled: organizationId !== undefined && !instance,
	});

	const save = useMutation({
		mutationFn: (organization_id: number) =>
			got(
				api.PUT('/users/{user_id}/memberships/{organization_id}', {
					params: { path: { user_id: user.id, organization_id } },
					body: { role, profile_ids: profiles.length > 0 && !instance ? profiles : null },
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
			title={t(membership ? 'admin.changeRole' : 'admin.addMembership')}
			label={membership ? `${user.username}, ${membership.organization.name}` : user.username}
			submit={t('common.save')}
			pending={save.isPending || organizationId === undefined}
			error={save.error}
			onSubmit={() => organizationId !== undefined && save.mutate(organizationId)}
			onClose={onClose}
		>
			{!membership && organizationId !== undefined && (
				<OrganizationSelect
					id="membership-organization"
					value={organizationId}
					without={taken}
					onChange={setChosen}
				/>
			)}
			<RoleSelect id="membership-role" value={role} instance={instance} onChange={setRole} />
			{!instance && quota && quota.items.length > 0 && (
				<fieldset className="stack stack--tight">
					<legend className="form__legend">{t('admin.profilesSome')}</legend>
					<p className="small quiet">{t('admin.profilesSomeHint')}</p>
					{quota.items.map(({ profile }) => (
						<Checkbox
							key={profile.id}
							id={`membership-profile-${profile.id}`}
							labelText={profile.name}
							checked={profiles.includes(profile.id)}
							onChange={(_, { checked }) =>
								setProfiles(
									checked
										? [...profiles, profile.id]
										: profiles.filter((other) => other !== profile.id),
								)
							}
						/>
					))}
				</fieldset>
			)}
		</FormDialog>
	);
}
