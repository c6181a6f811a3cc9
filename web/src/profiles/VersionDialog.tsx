import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, got } from '../api/client';
import type { Profile } from '../api/types';
import { notify } from '../ui/notices';
import { DocumentDialog } from './DocumentDialog';
import { documentQuery } from './queries';

interface VersionDialogProps {
	profile: Profile;
	/** The version that the next one begins with. */
	from: number;
	onClose: () => void;
}

/** The next version of a profile. */
export function VersionDialog({ profile, from, onClose }: VersionDialogProps) {
	const { t } = useTranslation();
	const client = useQueryClient();
	const base = useQuery(documentQuery(profile.id, from));
	return (
		<DocumentDialog
			title={t('versions.next')}
			label={profile.name}
			first={base.data && JSON.stringify({ ...base.data, version: from + 1 }, null, 2)}
			failed={base.error}
			keep={async (body) => {
				const params = { path: { profile_id: profile.id } };
				const { version } = await got(
					api.POST('/profiles/{profile_id}/versions', { params, body }),
				);
				notify('success', t('versions.done', { version }), t('versions.activate'));
				void client.invalidateQueries({ queryKey: ['profile', profile.id] });
			}}
			onClose={onClose}
		/>
	);
}
