import { Button } from '@carbon/react';
import { useQueryClient } from '@tanstack/react-query';
import { type ErrorComponentProps, Link, useRouter } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { ApiProblem } from '../api/problem';
import type { Right } from '../api/types';
import { portalAnswers } from '../lib/lazy-page';
import { ProblemNotice } from '../ui/ProblemNotice';
import { useTitle } from '../ui/useTitle';

export function LoadingPage() {
	const { t } = useTranslation();
	return (
		<div className="message-page" role="status">
			<span className="skeleton" aria-hidden="true" />
			<span className="hidden-text">{t('common.loading')}</span>
		</div>
	);
}

export function NotFoundPage() {
	const { t } = useTranslation();
	useTitle(t('problems.notFound'));
	return (
		<div className="message-page">
			<h1>{t('problems.notFound')}</h1>
			<p>{t('problems.notFoundText')}</p>
			<Link to="/">{t('problems.goHome')}</Link>
		</div>
	);
}

export function NoRightPage({ right }: { right: Right }) {
	const { t } = useTranslation();
	const title = t('problems.noRight', { right });
	useTitle(title);
	return (
		<div className="message-page">
			<h1>{title}</h1>
			<p>{t('problems.noRightText')}</p>
			<Link to="/">{t('problems.goHome')}</Link>
		</div>
	);
}

/** What a page could not do without, or a mistake of ours. */
export function CrashPage({ error, reset }: ErrorComponentProps) {
	const { t } = useTranslation();
	const router = useRouter();
	const client = useQueryClient();
	const fromApi = error instanceof ApiProblem;
	useTitle(t('problems.title'));

	async function again() {
		// What the page could not load while the portal was away, it loads afresh.
		if (fromApi && error.status === 0 && (await portalAnswers())) location.reload();
		await client.invalidateQueries();
		reset();
		await router.invalidate();
	}

	return (
		<div className="message-page">
			<h1>{fromApi ? t('problems.title') : t('problems.crashed')}</h1>
			{fromApi ? <ProblemNotice error={error} /> : <p>{t('problems.crashedText')}</p>}
			<div className="row">
				<Button onClick={() => void again()}>{t('common.tryAgain')}</Button>
				<Button kind="ghost" onClick={() => location.reload()}>
					{t('common.reload')}
				</Button>
			</div>
		</div>
	);
}

/** Outside of the frame, which has a main landmark of its own. */
export function RootNotFoundPage() {
	return (
		<main>
			<NotFoundPage />
		</main>
	);
}

export function RootCrashPage(props: ErrorComponentProps) {
	return (
		<main>
			<CrashPage {...props} />
		</main>
	);
}
