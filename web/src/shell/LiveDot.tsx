import { useTranslation } from 'react-i18next';
import { useLive } from '../live/live';

/** Color, shape and text each say whether changes arrive by themselves. */
export function LiveDot() {
	const { t } = useTranslation();
	const state = useLive();
	return (
		<span className="live" title={t(`shell.${state}`)}>
			<span className={`live__dot live__dot--${state}`} aria-hidden="true" />
			<span className="hidden-text">{t(`shell.${state}`)}</span>
		</span>
	);
}
