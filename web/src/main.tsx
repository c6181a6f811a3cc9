import './lib/zod-csp';
import './styles/app.scss';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { i18nStart } from './i18n';
import { queryClient } from './query-client';
import { router } from './router';
import { preferencesStart } from './settings/preferences';
import { themeStart } from './theme/theme';

themeStart();
i18nStart();
preferencesStart();

const root = document.getElementById('root');
if (root) {
	createRoot(root).render(
		<StrictMode>
			<QueryClientProvider client={queryClient}>
				<RouterProvider router={router} />
			</QueryClientProvider>
		</StrictMode>,
	);
}
