import { Button } from '@carbon/react';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, got } from '../api/client';
import type { Profile } from '../api/types';
import { Dialog } from '../ui/Dialog';
import { ProblemNotice } from '../ui/ProblemNotice';
import { ScrollBox } from '../ui/ScrollBox';

interface ChangesDialogProps {
	profile: Profile;
	version: number;
	onClose: () => void;
}

function valueText(value: unknown): string {
	return value === null || value === undefined ? '–' : JSON.stringify(value);
}

/** How a version differs from the one before. */
export function ChangesDialog({ profile, version, onClose }: ChangesDialogProps) {
	const { t } = useTranslation();
	const title = t('versions.since', { version: version - 1 });
	const { data, error } = useQuery({
		queryKey: ['profile', profile.id, 'changes', version],
		queryFn: ({ signal }) =>
			got(
				api.GET('/profiles/{profile_id}/versions/{version}/changes', {
					params: { path: { profile_id: profile.id, version }, query: { from: version - 1 } },
					signal,
				}),
			),
	});
	return (
		<Dialog
			title={title}
			label={`${profile.name}, ${t('versions.version')} ${version}`}
			onClose={onClose}
			footer={<Button onClick={onClose}>{t('common.close')}</Button>}
		>
			{error && <ProblemNotice error={error} />}
			{data && (
				<ScrollBox label={title} size="short">
					<table className="grid grid--compact">
						<thead>
							<tr>
								<th scope="col">{t('versions.path')}</th>
								<th scope="col">{t('versions.before')}</th>
								<th scope="col">{t('versions.after')}</th>
							</tr>
						</thead>
						<tbody>
							{data.changes.map((change) => (
								<tr key={change.path}>
									<td className="mono">{change.path}</td>
									<td className="mono">{valueText(change.before)}</td>
									<td className="mono">{valueText(change.after)}</td>
								</tr>
							))}
						</tbody>
					</table>
				</ScrollBox>
			)}
		</Dialog>
	);
}
