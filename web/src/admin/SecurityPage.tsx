import { useTranslation } from 'react-i18next';
import { useTitle } from '../ui/useTitle';
import { SecurityPanel } from './SecurityPanel';

/** What holds for operators and auditors, and for users before they belong to an organization. */
export function SecurityPage() {
	const { t } = useTranslation();
	useTitle(t('admin.security'));
	return (
		<div className="scroll-page stack">
			<h1>{t('admin.security')}</h1>
			<SecurityPanel organizationId={0} />
		</div>
	);
}
