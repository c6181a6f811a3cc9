import type { QueryClient } from '@tanstack/react-query';
import { createRootRouteWithContext, createRoute, redirect } from '@tanstack/react-router';
import { z } from 'zod';
import { lazyPage } from '../lib/lazy-page';
import { searchFlag, searchPath, searchText } from '../lib/search';
import { kept } from '../lib/storage';
import { meOrNobody, neverLoggedIn } from '../session/me';
import { hasChosen } from '../session/profile';
import { LoadingPage, NotFoundPage, RootCrashPage, RootNotFoundPage } from '../shell/MessagePages';
import { Shell } from '../shell/Shell';

interface Context {
	queryClient: QueryClient;
}

export const rootRoute = createRootRouteWithContext<Context>()({
	notFoundComponent: RootNotFoundPage,
	errorComponent: RootCrashPage,
});

export const loginRoute = createRoute({
	getParentRoute: () => rootRoute,
	path: '/login',
	validateSearch: z.object({ refused: searchText, next: searchPath, again: searchFlag }),
	component: lazyPage(() => import('../login/LoginPage'), 'LoginPage'),
});

export const forgotRoute = createRoute({
	getParentRoute: () => rootRoute,
	path: '/forgot-password',
	component: lazyPage(() => import('../login/ForgotPage'), 'ForgotPage'),
});

export const resetRoute = createRoute({
	getParentRoute: () => rootRoute,
	path: '/reset-password',
	validateSearch: z.object({ token: z.string().catch('') }),
	component: lazyPage(() => import('../login/ResetPage'), 'ResetPage'),
});

export const enrolRoute = createRoute({
	getParentRoute: () => rootRoute,
	path: '/enrol/$token',
	component: lazyPage(() => import('../enrol/EnrolPage'), 'EnrolPage'),
});

/** Everything behind the log-in; keeps the address for after it. */
export const sessionRoute = createRoute({
	getParentRoute: () => rootRoute,
	id: 'session',
	beforeLoad: async ({ context, location }) => {
		const stranger = location.href === '/' && neverLoggedIn();
		const me = stranger ? undefined : await meOrNobody(context.queryClient);
		if (!me) {
			const next = location.href === '/' ? undefined : location.href;
			throw redirect({ to: '/login', search: { next } });
		}
		return { me };
	},
	pendingComponent: LoadingPage,
});

export const enterRoute = createRoute({
	getParentRoute: () => sessionRoute,
	path: '/enter',
	component: lazyPage(() => import('../login/EnterPage'), 'EnterPage'),
});

export const appRoute = createRoute({
	getParentRoute: () => sessionRoute,
	id: 'app',
	beforeLoad: ({ context: { me }, location }) => {
		// After a log-in one says what to work with, unless there is nothing to choose.
		const fresh = kept('fresh', sessionStorage) !== null;
		const undecided = location.pathname === '/' && !hasChosen(me);
		const choice = me.profiles.length > 0 && me.organization !== null;
		if (choice && (fresh || undecided)) throw redirect({ to: '/enter' });
	},
	component: Shell,
	notFoundComponent: NotFoundPage,
});
