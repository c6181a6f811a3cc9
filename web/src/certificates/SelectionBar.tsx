import { CloseOutline } from '@carbon/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { notify } from '../ui/notices';
import { problemText, problemTitle } from '../ui/problem-text';

interface SelectionBarProps {
	count: number;
	/** How many match the filters; undefined: unknown, or all of them are on this page. */
	matching: number | undefined;
	/** All that match are meant, not the ones that are ticked. */
	all: boolean;
	onSelectAll: () => Promise<void>;
	onRevoke: () => void;
	onClear: () => void;
}

export function SelectionBar(props: SelectionBarProps) {
	const { count, matching, all, onSelectAll, onRevoke, onClear } = props;
	const { t } = useTranslation();
	const [busy, setBusy] = useState(false);

	async function selectAll() {
		setBusy(true);
		try {
			await onSelectAll();
		} catch (error) {
			notify('error', problemTitle(t, error), problemText(t, error));
		}
		setBusy(false);
	}

	return (
		<div className="bar bar--selection">
			<div className="row">
				<span>{t(all ? 'certificates.selectedAll' : 'certificates.selected', { count })}</span>
				{matching !== undefined && !all && (
					<button
						type="button"
						className="link-btn"
						disabled={busy}
						onClick={() => void selectAll()}
					>
						{busy ? t('certificates.selecting') : t('certificates.selectAll', { count: matching })}
					</button>
				)}
			</div>
			<div className="row">
				<button type="button" className="tool" onClick={onRevoke}>
					{t('revoke.revokeSelected')}
					<CloseOutline size={16} />
				</button>
				<button type="button" className="tool" onClick={onClear}>
					{t('certificates.clear')}
				</button>
			</div>
		</div>
	);
}
