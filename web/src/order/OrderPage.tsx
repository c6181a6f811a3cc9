import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { profileQuery } from '../profiles/queries';
import { useRight } from '../session/me';
import { useProfileChoice } from '../session/profile';
import { NoRightPage } from '../shell/MessagePages';
import { EmptyState } from '../ui/EmptyState';
import { ProblemNotice } from '../ui/ProblemNotice';
import { useTitle } from '../ui/useTitle';
import type { OrderFields } from './fields';
import { OrderWizard } from './OrderWizard';

const route = getRouteApi('/session/app/batches/new');

export function OrderPage() {
	const { t } = useTranslation();
	useTitle(t('order.title'));
	const mayOrder = useRight('order');
	const { profile: asked } = route.useSearch();
	const [current, choose] = useProfileChoice();
	const { data, error, refetch } = useQuery({
		...profileQuery(current?.id ?? 0),
		enabled: current !== undefined && mayOrder,
	});
	/** What was typed, for the case that another profile is chosen in the header meanwhile. */
	const typed = useRef<Partial<OrderFields>>({});

	useEffect(() => {
		if (asked !== undefined) choose(asked);
	}, [asked, choose]);

	if (!mayOrder) return <NoRightPage right="order" />;
	return (
		<div className="page">
			<div className="page__head">
				<h1>{t('order.title')}</h1>
				{data && (
					<p className="quiet">
						{t('order.for', { name: data.name })}
						{data.quota && ` · ${t('order.availableNow', { count: data.quota.available })}`}
					</p>
				)}
			</div>
			{current === undefined && <EmptyState title={t('order.noProfile')} />}
			{error && !data && <ProblemNotice error={error} onRetry={() => void refetch()} />}
			{data && <OrderWizard key={data.id} profile={data} typed={typed} />}
		</div>
	);
}
