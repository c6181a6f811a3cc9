import { Logout, UserAvatar } from '@carbon/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { api } from '../api/client';
import { keep } from '../lib/storage';
import { useMe } from '../session/me';
import { usePopup } from './usePopup';

export function UserMenu() {
	const { t } = useTranslation();
	const me = useMe();
	const client = useQueryClient();
	const navigate = useNavigate();
	const { open, box, button, setOpen } = usePopup();

	async function logOut() {
		// Whatever the answer, this page forgets what it knows.
		await api.DELETE('/session').catch(() => undefined);
		keep('session', null);
		await navigate({ to: '/login', search: {} });
		client.clear();
	}

	return (
		<div className="popup" ref={box}>
			<button
				ref={button}
				type="button"
				className="icon-btn"
				aria-expanded={open}
				aria-label={t('shell.userMenu', { name: me.full_name || me.username })}
				onClick={() => setOpen(!open)}
			>
				<UserAvatar size={20} />
			</button>
			{open && (
				<div className="popup__panel popup__panel--end">
					<p className="menu__note">
						<strong>{me.username}</strong>
						<br />
						{t('shell.role', { role: t(`shell.roles.${me.role}`) })}
					</p>
					<ul className="menu">
						<li>
							<Link className="menu__item" to="/settings" onClick={() => setOpen(false)}>
								{t('shell.settings')}
							</Link>
						</li>
						<li>
							<Link className="menu__item" to="/help" onClick={() => setOpen(false)}>
								{t('shell.help')}
							</Link>
						</li>
						<li>
							<button type="button" className="menu__item" onClick={logOut}>
								{t('shell.logOut')}
								<Logout size={16} />
							</button>
						</li>
					</ul>
				</div>
			)}
		</div>
	);
}
