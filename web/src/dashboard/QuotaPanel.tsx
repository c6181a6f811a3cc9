import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Dashboard } from '../api/types';
import { formatDate, formatNumber } from '../lib/format';
import { Meter } from '../ui/Meter';

type Line = Dashboard['quota'][number];

/** How much of each quota is used, and until when the rest lasts at the present rate. */
export function QuotaPanel({ lines }: { lines: Line[] }) {
	const { t } = useTranslation();
	return (
		<section className="panel">
			<h2 className="panel__title">{t('dashboard.quota')}</h2>
			<ul className="plain-list plain-list--apart">
				{lines.map((line) => (
					<li key={line.profile.id} className="stack stack--tight">
						<div className="split">
							<Link to="/profiles/$profileId" params={{ profileId: String(line.profile.id) }}>
								{line.profile.name}
							</Link>
							<span>
								{formatNumber(line.ordered)} / {formatNumber(line.allocated)}
							</span>
						</div>
						<Meter
							wide
							label={`${line.profile.name}: ${t('dashboard.quotaOf', { ordered: line.ordered, allocated: line.allocated })}`}
							value={line.ordered}
							max={line.allocated}
							tone={line.available * 10 < line.allocated ? 'bad' : undefined}
						/>
						<span className="quiet small">
							{t('dashboard.quotaLeft', { count: line.available })}
							{line.lasts_until &&
								`, ${t('dashboard.lasts', {
									date: formatDate(`${line.lasts_until}T12:00:00Z`),
									rate: line.per_day,
								})}`}
						</span>
					</li>
				))}
			</ul>
		</section>
	);
}
