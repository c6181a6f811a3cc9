import { Link, Outlet } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useMe } from '../session/me';
import { NoRightPage } from '../shell/MessagePages';

/** The operator's side, and what an organization's administrator may do of it. */
export function AdminLayout() {
	const { t } = useTranslation();
	const { rights, organization } = useMe();
	if (!rights.includes('audit') && !rights.includes('admin')) return <NoRightPage right="admin" />;
	return (
		<div className="page page--list">
			<div className="side-layout">
				<nav aria-label={t('admin.title')} className="no-print">
					<ul className="side-nav">
						<li>
							<Link to="/admin/organizations">{t('admin.organizations')}</Link>
						</li>
						<li>
							<Link to="/admin/users">{t('admin.users')}</Link>
						</li>
						{organization === null && (
							<>
								<li>
									<Link to="/admin/ecosystems">{t('ecosystems.title')}</Link>
								</li>
								<li>
									<Link to="/admin/security">{t('admin.security')}</Link>
								</li>
							</>
						)}
						<li>
							<Link to="/admin/authorities">{t('admin.authorities')}</Link>
						</li>
						<li>
							<Link to="/admin/audit">{t('admin.audit')}</Link>
						</li>
					</ul>
				</nav>
				<div className="side-layout__main stack">
					<Outlet />
				</div>
			</div>
		</div>
	);
}
