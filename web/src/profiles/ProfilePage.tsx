import { ShoppingCart } from '@carbon/icons-react';
import { Button } from '@carbon/react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { apiBase } from '../api/client';
import { isStatus } from '../api/problem';
import type { Profile } from '../api/types';
import { ExtensionTable } from '../certificates/ExtensionTable';
import { useMe, useRight } from '../session/me';
import { BackLink } from '../ui/BackLink';
import { DownloadLink } from '../ui/DownloadLink';
import { Notice } from '../ui/Notice';
import { ProblemNotice } from '../ui/ProblemNotice';
import { useTitle } from '../ui/useTitle';
import { ProfileFacts } from './ProfileFacts';
import { InputTable, SubjectTable } from './ProfileTables';
import { profileQuery } from './queries';
import { VersionsPanel } from './VersionsPanel';

const route = getRouteApi('/session/app/profiles/$profileId');

export function ProfilePage() {
	const { t } = useTranslation();
	const { profileId } = route.useParams();
	const { data, error, refetch } = useQuery(profileQuery(Number(profileId)));
	useTitle(data?.name ?? t('profiles.title'));
	return (
		<div className="page">
			<BackLink to="/profiles">{t('profiles.back')}</BackLink>
			{error && !data && (
				<>
					<h1>{isStatus(error, 404) ? t('profiles.notFound') : t('profiles.title')}</h1>
					{isStatus(error, 404) ? (
						<p>{t('problems.notFoundText')}</p>
					) : (
						<ProblemNotice error={error} onRetry={() => void refetch()} />
					)}
				</>
			)}
			{data && <ProfileBody profile={data} />}
			{!data && !error && <span className="skeleton" />}
		</div>
	);
}

function ProfileBody({ profile }: { profile: Profile }) {
	const { t } = useTranslation();
	const navigate = useNavigate();
	const mayOrder = useRight('order');
	const instance = useMe().organization === null;
	const path = `${apiBase}/profiles/${profile.id}`;
	return (
		<>
			<div className="page__head">
				<h1>{profile.name}</h1>
				<div className="row no-print">
					<DownloadLink href={`${path}/chain.zip`}>{t('profiles.chain')}</DownloadLink>
					{profile.methods.includes('csv') && (
						<DownloadLink href={`${path}/template.csv`}>{t('profiles.template')}</DownloadLink>
					)}
					{mayOrder && (
						<Button
							size="md"
							renderIcon={ShoppingCart}
							onClick={() => void navigate({ to: '/batches/new', search: { profile: profile.id } })}
						>
							{t('profiles.order')}
						</Button>
					)}
				</div>
			</div>
			{profile.legacy && <Notice kind="warning" title={t('profiles.legacy')} />}
			{profile.unverified && (
				<Notice kind="info" title={t('profiles.unverified')}>
					{profile.unverified}
				</Notice>
			)}
			{profile.description && <p>{profile.description}</p>}
			<ProfileFacts profile={profile} />
			<div className="panels panels--pair">
				<section className="panel">
					<h2>{t('profiles.subject')}</h2>
					<SubjectTable profile={profile} />
				</section>
				<section className="panel">
					<h2>{t('profiles.inputs')}</h2>
					<InputTable profile={profile} />
				</section>
			</div>
			<section className="panel">
				<h2>{t('certificates.extensions')}</h2>
				<ExtensionTable extensions={profile.extensions} />
				<p className="quiet small">{t('profiles.onlyExtensions')}</p>
			</section>
			{instance && <VersionsPanel profile={profile} />}
		</>
	);
}
