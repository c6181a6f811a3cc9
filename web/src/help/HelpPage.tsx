import { useTranslation } from 'react-i18next';
import { batchStatuses } from '../batches/search';
import { ShortcutList } from '../shell/ShortcutList';
import { StatusTag } from '../ui/StatusTag';
import { useTitle } from '../ui/useTitle';

const steps = ['flow1', 'flow2', 'flow3', 'flow4', 'flow5'] as const;

export function HelpPage() {
	const { t } = useTranslation();
	useTitle(t('help.title'));
	return (
		<div className="page">
			<h1>{t('help.title')}</h1>
			<div className="panels panels--pair">
				<section className="panel">
					<h2>{t('help.flow')}</h2>
					<ol className="bullets bullets--numbers stack stack--tight">
						{steps.map((step) => (
							<li key={step}>{t(`help.${step}`)}</li>
						))}
					</ol>
				</section>
				<section className="panel">
					<h2>{t('help.keys')}</h2>
					<p className="quiet">{t('help.keysText')}</p>
					<ShortcutList />
				</section>
				<section className="panel">
					<h2>{t('help.statuses')}</h2>
					<dl className="facts">
						{batchStatuses.map((status) => (
							<div className="facts__pair" key={status}>
								<dt>
									<StatusTag status={status} />
								</dt>
								<dd>{t(`help.status_${status}`)}</dd>
							</div>
						))}
					</dl>
				</section>
				<section className="panel">
					<h2>{t('help.about')}</h2>
					<p>{t('help.aboutText')}</p>
					<ul className="plain-list">
						<li>
							<a href="/licenses.txt">{t('help.licenses')}</a>
						</li>
						<li>
							<a href="/licenses-styles.txt">{t('help.licensesStyles')}</a>
						</li>
					</ul>
				</section>
			</div>
		</div>
	);
}
