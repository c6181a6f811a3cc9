import { createRouter } from '@tanstack/react-router';
import { searchParse, searchWrite } from './lib/search';
import { queryClient } from './query-client';
import { adminRoutes } from './routes/admin';
import { pageRoutes } from './routes/pages';
import {
	appRoute,
	enrolRoute,
	enterRoute,
	forgotRoute,
	loginRoute,
	resetRoute,
	rootRoute,
	sessionRoute,
} from './routes/session';
import { CrashPage, LoadingPage, NotFoundPage } from './shell/MessagePages';

export const router = createRouter({
	routeTree: rootRoute.addChildren([
		loginRoute,
		forgotRoute,
		resetRoute,
		enrolRoute,
		sessionRoute.addChildren([enterRoute, appRoute.addChildren([...pageRoutes, adminRoutes])]),
	]),
	context: { queryClient },
	parseSearch: searchParse,
	stringifySearch: searchWrite,
	defaultPreload: 'intent',
	defaultPreloadStaleTime: 0,
	defaultPendingComponent: LoadingPage,
	defaultErrorComponent: CrashPage,
	defaultNotFoundComponent: NotFoundPage,
	scrollRestoration: false,
});

declare module '@tanstack/react-router' {
	interface Register {
		router: typeof router;
	}
}
