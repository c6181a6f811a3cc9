import { createRoute, redirect } from '@tanstack/react-router';
import { auditSearch, ledgerSearch, organizationsSearch, usersSearch } from '../admin/search';
import { lazyPage } from '../lib/lazy-page';
import { appRoute } from './session';

const adminRoute = createRoute({
	getParentRoute: () => appRoute,
	path: '/admin',
	component: lazyPage(() => import('../admin/AdminLayout'), 'AdminLayout'),
});

const indexRoute = createRoute({
	getParentRoute: () => adminRoute,
	path: '/',
	beforeLoad: () => {
		throw redirect({ to: '/admin/organizations' });
	},
});

const organizationsRoute = createRoute({
	getParentRoute: () => adminRoute,
	path: '/organizations',
	validateSearch: organizationsSearch,
	component: lazyPage(() => import('../admin/OrganizationsPage'), 'OrganizationsPage'),
});

const organizationRoute = createRoute({
	getParentRoute: () => adminRoute,
	path: '/organizations/$organizationId',
	component: lazyPage(() => import('../admin/OrganizationPage'), 'OrganizationPage'),
});

const ledgerRoute = createRoute({
	getParentRoute: () => adminRoute,
	path: '/organizations/$organizationId/quota/$profileId',
	validateSearch: ledgerSearch,
	component: lazyPage(() => import('../admin/LedgerPage'), 'LedgerPage'),
});

const usersRoute = createRoute({
	getParentRoute: () => adminRoute,
	path: '/users',
	validateSearch: usersSearch,
	component: lazyPage(() => import('../admin/UsersPage'), 'UsersPage'),
});

const userRoute = createRoute({
	getParentRoute: () => adminRoute,
	path: '/users/$userId',
	component: lazyPage(() => import('../admin/UserPage'), 'UserPage'),
});

const ecosystemsRoute = createRoute({
	getParentRoute: () => adminRoute,
	path: '/ecosystems',
	component: lazyPage(() => import('../ecosystems/EcosystemsPage'), 'EcosystemsPage'),
});

const securityRoute = createRoute({
	getParentRoute: () => adminRoute,
	path: '/security',
	component: lazyPage(() => import('../admin/SecurityPage'), 'SecurityPage'),
});

const authoritiesRoute = createRoute({
	getParentRoute: () => adminRoute,
	path: '/authorities',
	component: lazyPage(() => import('../admin/AuthoritiesPage'), 'AuthoritiesPage'),
});

const auditRoute = createRoute({
	getParentRoute: () => adminRoute,
	path: '/audit',
	validateSearch: auditSearch,
	component: lazyPage(() => import('../admin/AuditPage'), 'AuditPage'),
});

export const adminRoutes = adminRoute.addChildren([
	indexRoute,
	organizationsRoute,
	organizationRoute,
	ledgerRoute,
	usersRoute,
	userRoute,
	ecosystemsRoute,
	securityRoute,
	authoritiesRoute,
	auditRoute,
]);
