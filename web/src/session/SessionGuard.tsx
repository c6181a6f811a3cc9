import { Button } from '@carbon/react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { formatCountdown } from '../lib/format';
import { Dialog } from '../ui/Dialog';
import { notify } from '../ui/notices';
import { isLoggedOut, noteLoggedOut, onLoggedOut } from './activity';
import { onLoggedInElsewhere } from './channel';
import { clockQuery, secondsLeftNow } from './clock';
import { meQuery, useMe } from './me';

const warnS = 120;

/** Warns before the session ends, and keeps the page when it has ended. */
export function SessionGuard() {
	const ended = useSyncExternalStore(onLoggedOut, isLoggedOut);
	return ended ? <Ended /> : <Warning />;
}

function Warning() {
	const { t } = useTranslation();
	const client = useQueryClient();
	const { data: clock } = useQuery(clockQuery);
	const [left, setLeft] = useState(Number.POSITIVE_INFINITY);

	useEffect(() => {
		if (!clock) return;
		const timer = setInterval(() => {
			const now = secondsLeftNow(clock);
			if (now <= 0) noteLoggedOut();
			setLeft(now > warnS ? Number.POSITIVE_INFINITY : now);
		}, 1000);
		return () => clearInterval(timer);
	}, [clock]);

	if (left > warnS) return null;
	const stay = () => {
		setLeft(Number.POSITIVE_INFINITY);
		void client.refetchQueries({ queryKey: clockQuery.queryKey });
	};
	return (
		<Dialog
			title={t('session.ending')}
			onClose={stay}
			footer={
				<Button data-autofocus onClick={stay}>
					{t('session.stay')}
				</Button>
			}
		>
			<p>{t('session.endingText', { time: formatCountdown(left) })}</p>
		</Dialog>
	);
}

function Ended() {
	const { t } = useTranslation();
	const client = useQueryClient();
	const me = useMe();

	useEffect(
		() =>
			onLoggedInElsewhere(async () => {
				const now = await client.fetchQuery({ ...meQuery, staleTime: 0 }).catch(() => undefined);
				if (!now) return;
				if (now.id !== me.id || now.organization?.id !== me.organization?.id) {
					location.reload();
					return;
				}
				await client.invalidateQueries();
				notify('success', t('session.back'));
			}),
		[client, me.id, me.organization?.id, t],
	);

	const leave = () => location.assign('/login');
	return (
		<Dialog
			title={t('session.ended')}
			onClose={leave}
			footer={
				<>
					<Button kind="secondary" onClick={leave}>
						{t('session.leave')}
					</Button>
					<Button data-autofocus onClick={() => window.open('/login?again=true', '_blank')}>
						{t('session.logInAgain')}
					</Button>
				</>
			}
		>
			<p>{t('session.endedText')}</p>
		</Dialog>
	);
}
