import { Button } from '@carbon/react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { isStatus } from '../api/problem';
import type { User } from '../api/types';
import { formatTime } from '../lib/format';
import { PasskeysPanel } from '../passkey/PasskeysPanel';
import { useRight } from '../session/me';
import { BackLink } from '../ui/BackLink';
import { Fact, Facts } from '../ui/Facts';
import { ProblemNotice } from '../ui/ProblemNotice';
import { useTitle } from '../ui/useTitle';
import { EditUserDialog } from './EditUserDialog';
import { InvitationsPanel } from './InvitationsPanel';
import { MembershipsPanel } from './MembershipsPanel';
import { userQuery } from './queries';
import { StateTag } from './StateTag';
import { UserCertificatesPanel } from './UserCertificatesPanel';

const route = getRouteApi('/session/app/admin/users/$userId');

export function UserPage() {
	const { t } = useTranslation();
	const { userId } = route.useParams();
	const { data, error, refetch } = useQuery(userQuery(Number(userId)));
	useTitle(data?.username ?? t('admin.users'));
	return (
		<div className="scroll-page stack">
			<BackLink to="/admin/users">{t('admin.backUsers')}</BackLink>
			{error && !data && (
				<>
					<h1>{t(isStatus(error, 404) ? 'admin.userMissing' : 'admin.users')}</h1>
					{!isStatus(error, 404) && <ProblemNotice error={error} onRetry={() => void refetch()} />}
				</>
			)}
			{data && <UserBody user={data} />}
			{!data && !error && <span className="skeleton" />}
		</div>
	);
}

function UserBody({ user }: { user: User }) {
	const { t } = useTranslation();
	const administers = useRight('admin');
	const [editing, setEditing] = useState(false);
	return (
		<>
			<div className="page__head">
				<h1>{user.username}</h1>
				{administers && (
					<Button kind="tertiary" size="md" onClick={() => setEditing(true)}>
						{t('admin.edit')}
					</Button>
				)}
			</div>
			<section className="panel">
				<Facts>
					<Fact name={t('admin.fullName')}>{user.full_name}</Fact>
					<Fact name={t('admin.email')}>{user.email}</Fact>
					<Fact name={t('admin.status')}>
						<StateTag good={user.status === 'active'}>{t(`admin.${user.status}`)}</StateTag>
					</Fact>
					<Fact name={t('admin.service')}>{t(user.service ? 'common.yes' : 'common.no')}</Fact>
					<Fact name={t('admin.created')}>{formatTime(user.created_at)}</Fact>
					<Fact name={t('admin.lastLogin')}>
						{user.last_login
							? t('shell.lastLogin', {
									time: formatTime(user.last_login.time),
									address: user.last_login.address,
								})
							: t('common.never')}
					</Fact>
				</Facts>
				<Link to="/admin/audit" search={{ user: user.username }}>
					{t('batches.log')}
				</Link>
			</section>
			<MembershipsPanel user={user} />
			<UserCertificatesPanel user={user} />
			{!user.service && <PasskeysPanel userId={user.id} />}
			{!user.service && <InvitationsPanel user={user} />}
			{editing && <EditUserDialog user={user} onClose={() => setEditing(false)} />}
		</>
	);
}
