import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, got } from '../api/client';
import type { Ecosystem } from '../api/types';
import { FormDialog } from '../ui/FormDialog';
import { notify } from '../ui/notices';
import { TextField } from '../ui/TextField';

interface EcosystemDialogProps {
	/** Without it a new one is added. */
	ecosystem: Ecosystem | undefined;
	onClose: () => void;
}

const positionMax = 1_000_000;

export function EcosystemDialog({ ecosystem, onClose }: EcosystemDialogProps) {
	const { t } = useTranslation();
	const client = useQueryClient();
	const [id, setId] = useState(ecosystem?.id ?? '');
	const [name, setName] = useState(ecosystem?.name ?? '');
	const [position, setPosition] = useState(String(ecosystem?.position ?? 1000));
	const [tried, setTried] = useState(false);
	const wrong = {
		id: !/^[a-z0-9][a-z0-9.-]{0,63}$/.test(id.trim()),
		name: name.trim() === '' || name.trim().length > 200,
		position: !/^\d{1,7}$/.test(position.trim()) || Number(position) > positionMax,
	};

	const save = useMutation({
		mutationFn: () =>
			got(
				api.PUT('/ecosystems/{ecosystem_id}', {
					params: { path: { ecosystem_id: id.trim() } },
					body: { name: name.trim(), position: Number(position) },
				}),
			),
		onSuccess: () => {
			onClose();
			notify('success', t('admin.saved'));
			for (const key of ['ecosystems', 'profiles', 'profile', 'me']) {
				void client.invalidateQueries({ queryKey: [key] });
			}
		},
	});

	return (
		<FormDialog
			title={ecosystem ? ecosystem.name : t('ecosystems.new')}
			submit={ecosystem ? t('common.save') : t('common.add')}
			pending={save.isPending}
			error={save.error}
			onSubmit={() => {
				setTried(true);
				if (!Object.values(wrong).some(Boolean)) save.mutate();
			}}
			onClose={onClose}
		>
			<TextField
				id="ecosystem-name"
				data-autofocus
				labelText={t('ecosystems.name')}
				helperText={t('ecosystems.nameHint')}
				autoComplete="off"
				invalid={tried && wrong.name}
				invalidText={t('ecosystems.nameWrong')}
				value={name}
				onChange={(event) => setName(event.target.value)}
			/>
			<TextField
				id="ecosystem-id"
				className="mono"
				labelText={t('ecosystems.id')}
				helperText={t('ecosystems.idHint')}
				autoComplete="off"
				autoCapitalize="none"
				spellCheck={false}
				readOnly={ecosystem !== undefined}
				invalid={tried && wrong.id}
				invalidText={t('ecosystems.idWrong')}
				value={id}
				onChange={(event) => setId(event.target.value)}
			/>
			<TextField
				id="ecosystem-position"
				labelText={t('ecosystems.position')}
				helperText={t('ecosystems.positionHint')}
				inputMode="numeric"
				autoComplete="off"
				invalid={tried && wrong.position}
				invalidText={t('ecosystems.positionWrong')}
				value={position}
				onChange={(event) => setPosition(event.target.value)}
			/>
		</FormDialog>
	);
}
