import { createRoute, lazyRouteComponent, redirect } from '@tanstack/react-router';
import { auditSearch, ledgerSearch, organizationsSearch, usersSearch } from '../admin/search';
import { appRoute } from './session';

const adminRoute = createRoute({
	getParentRoute: () => appRoute,
	path: '/admin',
	component: lazyRouteComponent(() => import('../admin/AdminLayout'), 'AdminLayout'),
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
	component: lazyRouteComponent(() => import('../admin/OrganizationsPage'), 'OrganizationsPage'),
});

const organizationRoute = createRoute({
	getParentRoute: () => adminRoute,
	path: '/organizations/$organizationId',
	component: lazyRouteComponent(() => import('../admin/OrganizationPage'), 'OrganizationPage'),
});

const ledgerRoute = createRoute({
	getParentRoute: () => adminRoute,
	path: '/organizations/$organizationId/quota/$profileId',
	validateSearch: ledgerSearch,
	component: lazyRouteComponent(() => import('../admin/LedgerPage'), 'LedgerPage'),
});

const usersRoute = createRoute({
	getParentRoute: () => adminRoute,
	path: '/users',
	validateSearch: usersSearch,
	component: lazyRouteComponent(() => import('../admin/UsersPage'), 'UsersPage'),
});

const userRoute = createRoute({
	getParentRoute: () => adminRoute,
	path: '/users/$userId',
	component: lazyRouteComponent(() => import('../admin/UserPage'), 'UserPage'),
});

const authoritiesRoute = createRoute({
	getParentRoute: () => adminRoute,
	path: '/authorities',
	component: lazyRouteComponent(() => import('../admin/AuthoritiesPage'), 'AuthoritiesPage'),
});

const auditRoute = createRoute({
	getParentRoute: () => adminRoute,
	path: '/audit',
	validateSearch: auditSearch,
	component: lazyRouteComponent(() => import('../admin/AuditPage'), 'AuditPage'),
});

export const adminRoutes = adminRoute.addChildren([
	indexRoute,
	organizationsRoute,
	organizationRoute,
	ledgerRoute,
	usersRoute,
	userRoute,
	authoritiesRoute,
	auditRoute,
]);
