import { Button } from '@carbon/react';
import { useBlocker } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Dialog } from '../ui/Dialog';

/** Asks before typed fields are left behind. */
export function LeaveGuard({ on }: { on: boolean }) {
	const { t } = useTranslation();
	const { status, proceed, reset } = useBlocker({
		shouldBlockFn: ({ current, next }) => on && current.pathname !== next.pathname,
		enableBeforeUnload: on,
		withResolver: true,
	});
	if (status !== 'blocked') return null;
	return (
		<Dialog
			title={t('order.leaveTitle')}
			onClose={reset}
			footer={
				<>
					<Button kind="secondary" onClick={proceed}>
						{t('order.leave')}
					</Button>
					<Button data-autofocus onClick={reset}>
						{t('order.stay')}
					</Button>
				</>
			}
		>
			<p>{t('order.leaveText')}</p>
		</Dialog>
	);
}
