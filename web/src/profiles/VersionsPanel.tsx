import { Button } from '@carbon/react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, got } from '../api/client';
import type { Profile } from '../api/types';
import { formatTime } from '../lib/format';
import { useRight } from '../session/me';
import { ProblemNotice } from '../ui/ProblemNotice';
import { ScrollBox } from '../ui/ScrollBox';
import { ChangesDialog } from './ChangesDialog';
import { VersionDialog } from './VersionDialog';

/** Versions of a profile, what each changed, and the next one to be prepared. */
export function VersionsPanel({ profile }: { profile: Profile }) {
	const { t } = useTranslation();
	const operates = useRight('operate');
	const [editing, setEditing] = useState(false);
	const [compared, setCompared] = useState<number>();
	const { data, error, refetch } = useQuery({
		queryKey: ['profile', profile.id, 'versions'],
		queryFn: ({ signal }) =>
			got(
				api.GET('/profiles/{profile_id}/versions', {
					params: { path: { profile_id: profile.id } },
					signal,
				}),
			),
	});
	const newest = data?.items[0]?.version ?? profile.version;
	return (
		<section className="panel">
			<div className="panel__head">
				<h2>{t('versions.title')}</h2>
				{operates && data && (
					<Button size="md" kind="tertiary" onClick={() => setEditing(true)}>
						{t('versions.next')}
					</Button>
				)}
			</div>
			<p className="quiet">{t('versions.text')}</p>
			{error && <ProblemNotice error={error} onRetry={() => void refetch()} />}
			{data && (
				<ScrollBox label={t('versions.title')} size="plain">
					<table className="grid grid--compact">
						<thead>
							<tr>
								<th scope="col" className="number">
									{t('versions.version')}
								</th>
								<th scope="col">{t('versions.state')}</th>
								<th scope="col">{t('versions.created')}</th>
								<th scope="col">{t('versions.by')}</th>
								<th scope="col">{t('versions.changes')}</th>
							</tr>
						</thead>
						<tbody>
							{data.items.map((one) => (
								<tr key={one.version}>
									<td className="number">{one.version}</td>
									<td>
										{t(
											one.active
												? 'versions.active'
												: one.activated_at
													? 'versions.former'
													: 'versions.prepared',
										)}
									</td>
									<td className="nowrap">{formatTime(one.created_at)}</td>
									<td>{one.created_by}</td>
									<td>
										{one.version > 1 && (
											<button
												type="button"
												className="link-btn"
												onClick={() => setCompared(one.version)}
											>
												{t('versions.since', { version: one.version - 1 })}
											</button>
										)}
									</td>
								</tr>
							))}
						</tbody>
					</table>
				</ScrollBox>
			)}
			{editing && (
				<VersionDialog profile={profile} from={newest} onClose={() => setEditing(false)} />
			)}
			{compared !== undefined && (
				<ChangesDialog
					profile={profile}
					version={compared}
					onClose={() => setCompared(undefined)}
				/>
			)}
		</section>
	);
}
