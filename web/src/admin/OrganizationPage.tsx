import { Button } from '@carbon/react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { isStatus } from '../api/problem';
import type { Organization } from '../api/types';
import { formatTime } from '../lib/format';
import { useRight } from '../session/me';
import { BackLink } from '../ui/BackLink';
import { Fact, Facts } from '../ui/Facts';
import { ProblemNotice } from '../ui/ProblemNotice';
import { useTitle } from '../ui/useTitle';
import { OrganizationDialog } from './OrganizationDialog';
import { QuotaPanel } from './QuotaPanel';
import { organizationQuery } from './queries';
import { SecurityPanel } from './SecurityPanel';
import { StateTag } from './StateTag';

const route = getRouteApi('/session/app/admin/organizations/$organizationId');

export function OrganizationPage() {
	const { t } = useTranslation();
	const { organizationId } = route.useParams();
	const { data, error, refetch } = useQuery(organizationQuery(Number(organizationId)));
	useTitle(data?.name ?? t('admin.organizations'));
	return (
		<div className="scroll-page stack">
			<BackLink to="/admin/organizations">{t('admin.backOrganizations')}</BackLink>
			{error && !data && (
				<>
					<h1>{t(isStatus(error, 404) ? 'admin.organizationMissing' : 'admin.organizations')}</h1>
					{!isStatus(error, 404) && <ProblemNotice error={error} onRetry={() => void refetch()} />}
				</>
			)}
			{data && <OrganizationBody organization={data} />}
			{!data && !error && <span className="skeleton" />}
		</div>
	);
}

function OrganizationBody({ organization }: { organization: Organization }) {
	const { t } = useTranslation();
	const operates = useRight('operate');
	const [editing, setEditing] = useState(false);
	const parameters = Object.entries(organization.parameters);
	return (
		<>
			<div className="page__head">
				<h1>{organization.name}</h1>
				{operates && (
					<Button kind="tertiary" size="md" onClick={() => setEditing(true)}>
						{t('admin.edit')}
					</Button>
				)}
			</div>
			<div className="panels panels--pair">
				<section className="panel">
					<Facts>
						<Fact name={t('admin.id')}>{organization.id}</Fact>
						<Fact name={t('admin.status')}>
							<StateTag good={organization.status === 'active'}>
								{t(`admin.${organization.status}`)}
							</StateTag>
						</Fact>
						<Fact name={t('admin.created')}>{formatTime(organization.created_at)}</Fact>
						<Fact name={t('admin.prefixes')}>
							<code>{organization.mac_prefixes.join(', ') || t('common.any')}</code>
						</Fact>
						{parameters.map(([name, value]) => (
							<Fact key={name} name={name}>
								<code>{String(value)}</code>
							</Fact>
						))}
					</Facts>
				</section>
				<SecurityPanel organizationId={organization.id} />
			</div>
			<QuotaPanel organization={organization} />
			{editing && (
				<OrganizationDialog organization={organization} onClose={() => setEditing(false)} />
			)}
		</>
	);
}
