import { Select, SelectItem, TextArea } from '@carbon/react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, got } from '../api/client';
import type { Organization } from '../api/types';
import { FormDialog } from '../ui/FormDialog';
import { notify } from '../ui/notices';
import { TextField } from '../ui/TextField';
import { parametersOf, parameterText, prefixesOf, prefixText } from './lines';

interface OrganizationDialogProps {
	/** Without it a new one is added. */
	organization?: Organization;
	onClose: () => void;
}

export function OrganizationDialog({ organization, onClose }: OrganizationDialogProps) {
	const { t } = useTranslation();
	const client = useQueryClient();
	const [name, setName] = useState(organization?.name ?? '');
	const [status, setStatus] = useState(organization?.status ?? 'active');
	const [prefixes, setPrefixes] = useState(prefixText(organization?.mac_prefixes ?? []));
	const [parameters, setParameters] = useState(parameterText(organization?.parameters ?? {}));
	const [tried, setTried] = useState(false);
	const readPrefixes = prefixesOf(prefixes);
	const readParameters = parametersOf(parameters);
	const nameWrong = name.trim() === '';
	const wrong = nameWrong || readPrefixes.wrong.length > 0 || readParameters.wrong.length > 0;

	const save = useMutation({
		mutationFn: () => {
			const body = {
				name: name.trim(),
				mac_prefixes: readPrefixes.prefixes,
				parameters: readParameters.parameters,
			};
			return organization
				? got(
						api.PATCH('/organizations/{organization_id}', {
							params: { path: { organization_id: organization.id } },
							body: { ...body, status },
						}),
					)
				: got(api.POST('/organizations', { body }));
		},
		onSuccess: (saved) => {
			for (const key of ['organizations', 'organization', 'me']) {
				void client.invalidateQueries({ queryKey: [key] });
			}
			onClose();
			notify(
				'success',
				organization ? t('admin.saved') : t('admin.organizationAdded', { name: saved.name }),
			);
		},
	});

	return (
		<FormDialog
			title={organization ? organization.name : t('admin.newOrganization')}
			submit={organization ? t('common.save') : t('common.add')}
			pending={save.isPending}
			error={save.error}
			onSubmit={() => {
				setTried(true);
				if (!wrong) save.mutate();
			}}
			onClose={onClose}
		>
			<TextField
				id="organization-name"
				data-autofocus
				labelText={t('admin.name')}
				autoComplete="off"
				invalid={tried && nameWrong}
				invalidText={t('admin.required')}
				value={name}
				onChange={(event) => setName(event.target.value)}
			/>
			{organization && (
				<Select
					id="organization-status"
					labelText={t('admin.status')}
					value={status}
					onChange={(event) =>
						setStatus(event.target.value === 'suspended' ? 'suspended' : 'active')
					}
				>
					<SelectItem value="active" text={t('admin.active')} />
					<SelectItem value="suspended" text={t('admin.suspended')} />
				</Select>
			)}
			<TextArea
				id="organization-prefixes"
				className="mono"
				labelText={t('admin.prefixes')}
				helperText={t('admin.prefixesHint')}
				rows={3}
				invalid={tried && readPrefixes.wrong.length > 0}
				invalidText={t('admin.prefixesWrong', { list: readPrefixes.wrong.join(', ') })}
				value={prefixes}
				onChange={(event) => setPrefixes(event.target.value)}
			/>
			<TextArea
				id="organization-parameters"
				className="mono"
				labelText={t('admin.parameters')}
				helperText={t('admin.parametersHint')}
				rows={4}
				invalid={tried && readParameters.wrong.length > 0}
				invalidText={t('admin.parametersWrong', { list: readParameters.wrong.join(', ') })}
				value={parameters}
				onChange={(event) => setParameters(event.target.value)}
			/>
		</FormDialog>
	);
}
