import { createRoute } from '@tanstack/react-router';
import { z } from 'zod';
import { batchesSearch } from '../batches/search';
import { certificatesSearch } from '../certificates/search';
import { lazyPage } from '../lib/lazy-page';
import { searchId } from '../lib/search';
import { profilesSearch } from '../profiles/search';
import { NotFoundPage } from '../shell/MessagePages';
import { appRoute } from './session';

const dashboardRoute = createRoute({
	getParentRoute: () => appRoute,
	path: '/',
	component: lazyPage(() => import('../dashboard/DashboardPage'), 'DashboardPage'),
});

const batchesRoute = createRoute({
	getParentRoute: () => appRoute,
	path: '/batches',
	validateSearch: batchesSearch,
	component: lazyPage(() => import('../batches/BatchesPage'), 'BatchesPage'),
});

const batchRoute = createRoute({
	getParentRoute: () => appRoute,
	path: '/batches/$batchId',
	component: lazyPage(() => import('../batches/BatchPage'), 'BatchPage'),
});

const orderRoute = createRoute({
	getParentRoute: () => appRoute,
	path: '/batches/new',
	validateSearch: z.object({
		kind: z.enum(['form', 'single', 'csrs', 'csv']).optional().catch(undefined),
		profile: searchId,
	}),
	component: lazyPage(() => import('../order/OrderPage'), 'OrderPage'),
});

const profilesRoute = createRoute({
	getParentRoute: () => appRoute,
	path: '/profiles',
	validateSearch: profilesSearch,
	component: lazyPage(() => import('../profiles/ProfilesPage'), 'ProfilesPage'),
});

const profileRoute = createRoute({
	getParentRoute: () => appRoute,
	path: '/profiles/$profileId',
	component: lazyPage(() => import('../profiles/ProfilePage'), 'ProfilePage'),
});

const certificatesRoute = createRoute({
	getParentRoute: () => appRoute,
	path: '/certificates',
	validateSearch: certificatesSearch,
	component: lazyPage(() => import('../certificates/CertificatesPage'), 'CertificatesPage'),
});

const certificateRoute = createRoute({
	getParentRoute: () => appRoute,
	path: '/certificates/$serial',
	component: lazyPage(() => import('../certificates/CertificatePage'), 'CertificatePage'),
});

const settingsRoute = createRoute({
	getParentRoute: () => appRoute,
	path: '/settings',
	component: lazyPage(() => import('../settings/SettingsPage'), 'SettingsPage'),
});

const helpRoute = createRoute({
	getParentRoute: () => appRoute,
	path: '/help',
	component: lazyPage(() => import('../help/HelpPage'), 'HelpPage'),
});

const missingRoute = createRoute({
	getParentRoute: () => appRoute,
	path: '$',
	component: NotFoundPage,
});

export const pageRoutes = [
	dashboardRoute,
	batchesRoute,
	orderRoute,
	batchRoute,
	profilesRoute,
	profileRoute,
	certificatesRoute,
	certificateRoute,
	settingsRoute,
	helpRoute,
	missingRoute,
] as const;
