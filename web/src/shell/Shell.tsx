import { useQueryClient } from '@tanstack/react-query';
import { Link, Outlet, useRouter } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { liveStart } from '../live/live';
import { useMe } from '../session/me';
import { SessionGuard } from '../session/SessionGuard';
import { ThemeButton } from '../theme/ThemeButton';
import { useAnnouncement } from '../ui/announce';
import { Notice } from '../ui/Notice';
import { dismiss, dismissAll, useNotices } from '../ui/notices';
import { ContextBar } from './ContextBar';
import { LiveDot } from './LiveDot';
import { Mark } from './Mark';
import { Shortcuts } from './Shortcuts';
import { UserMenu } from './UserMenu';

/** The frame of every page behind the log-in. */
export function Shell() {
	const { t } = useTranslation();
	const client = useQueryClient();
	const main = useRef<HTMLElement>(null);
	const router = useRouter();
	const me = useMe();
	const userKey = `${me.id} ${me.organization?.id}`;

	// biome-ignore lint/correctness/useExhaustiveDependencies: another user is another stream
	useEffect(() => liveStart(client), [client, userKey]);

	useEffect(
		() =>
			router.subscribe('onResolved', ({ pathChanged, fromLocation }) => {
				if (!pathChanged || !fromLocation) return;
				dismissAll();
				main.current?.focus();
			}),
		[router],
	);

	return (
		<>
			<a className="skip-link" href="#main">
				{t('shell.skip')}
			</a>
			<header>
				<TopBar />
				<ContextBar />
			</header>
			<Notices />
			<main id="main" ref={main} tabIndex={-1} className="frame">
				<Outlet />
			</main>
			<LiveRegion />
			<SessionGuard />
			<Shortcuts />
		</>
	);
}

function TopBar() {
	const { t } = useTranslation();
	const { rights } = useMe();
	const administers = rights.some((right) => ['admin', 'operate', 'audit'].includes(right));
	return (
		<div className="shell">
			<Link className="shell__product" to="/">
				<Mark />
				{t('common.product')}
			</Link>
			<nav aria-label={t('shell.main')} className="shell__nav">
				<ul className="shell__tabs">
					<li>
						<Link to="/" activeOptions={{ exact: true }}>
							{t('shell.dashboard')}
						</Link>
					</li>
					<li>
						<Link to="/batches">{t('shell.batches')}</Link>
					</li>
					<li>
						<Link to="/profiles">{t('shell.profiles')}</Link>
					</li>
					<li>
						<Link to="/certificates">{t('shell.certificates')}</Link>
					</li>
					{administers && (
						<li>
							<Link to="/admin">{t('shell.administration')}</Link>
						</li>
					)}
				</ul>
			</nav>
			<div className="shell__tools">
				<LiveDot />
				<ThemeButton />
				<UserMenu />
			</div>
		</div>
	);
}

function Notices() {
	const { t } = useTranslation();
	const notices = useNotices();
	if (notices.length === 0) return null;
	return (
		<section className="notices" aria-label={t('shell.notices')}>
			{notices.map((notice) => (
				<Notice
					key={notice.id}
					kind={notice.kind}
					title={notice.title}
					onDismiss={() => dismiss(notice.id)}
				>
					{notice.text}
				</Notice>
			))}
		</section>
	);
}

function LiveRegion() {
	return (
		<div role="status" aria-live="polite" className="hidden-text">
			{useAnnouncement()}
		</div>
	);
}
