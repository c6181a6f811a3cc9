import { useTranslation } from 'react-i18next';

const keys = ['search', 'order', 'list', 'rows', 'controls', 'ends', 'select', 'escape'] as const;

export function ShortcutList() {
	const { t } = useTranslation();
	return (
		<dl className="facts">
			{keys.map((key) => (
				<div className="facts__pair" key={key}>
					<dt>
						<kbd>{t(`help.key_${key}`)}</kbd>
					</dt>
					<dd>{t(`help.does_${key}`)}</dd>
				</div>
			))}
		</dl>
	);
}
