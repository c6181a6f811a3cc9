import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { Quota } from '../api/types';
import { formatTime } from '../lib/format';
import { profileQuery } from '../profiles/queries';
import { useMe } from '../session/me';
import { useProfileChoice } from '../session/profile';
import { OrganizationSwitcher } from './OrganizationSwitcher';
import { ProfileSwitcher } from './ProfileSwitcher';

/** For whom one acts and with what: organization, profile, what is left of it, and who one is. */
export function ContextBar() {
	const { t } = useTranslation();
	const me = useMe();
	const [profile] = useProfileChoice();
	// The figures of the header follow every order, wherever it was made.
	const { data } = useQuery({ ...profileQuery(profile?.id ?? 0), enabled: profile !== undefined });
	const quota = data?.quota ?? profile?.quota;

	return (
		<div className="context-bar">
			<OrganizationSwitcher />
			{profile && <ProfileSwitcher />}
			{quota && <Figures quota={quota} />}
			<div className="context-bar__login">
				<strong>{me.full_name || me.username}</strong>{' '}
				<span>
					{me.last_login
						? t('shell.lastLogin', {
								time: formatTime(me.last_login.time),
								address: me.last_login.address,
							})
						: t('shell.firstLogin')}
				</span>
			</div>
		</div>
	);
}

function Figures({ quota }: { quota: Quota }) {
	const { t } = useTranslation();
	const low = quota.available * 10 < quota.allocated;
	return (
		<>
			<span className="context-bar__figure">
				{t('shell.orderedIssued', { ordered: quota.ordered, issued: quota.issued })}
			</span>
			<span
				className={low ? 'context-bar__figure context-bar__figure--low' : 'context-bar__figure'}
			>
				{t('shell.available', { count: quota.available })}
				{low && <span className="hidden-text"> ({t('shell.availableLow')})</span>}
			</span>
		</>
	);
}
