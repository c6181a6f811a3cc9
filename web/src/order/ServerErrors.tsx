import { useTranslation } from 'react-i18next';
import type { FieldError } from '../api/types';
import { csvText } from '../lib/csv-write';
import { saveText } from '../lib/save';
import { Notice } from '../ui/Notice';
import { ScrollBox } from '../ui/ScrollBox';

const shown = 500;

interface ErrorListProps {
	errors: FieldError[];
	/** Those that the server counted, but did not list. */
	more?: number;
	kind: 'error' | 'warning';
	title: string;
	/** Said of errors instead of what is said of an order. */
	text?: string;
}

/** What the server says about lines of a file, or about the order as a whole. */
export function ErrorList({ errors, more = 0, kind, title, text }: ErrorListProps) {
	const { t } = useTranslation();
	const withLine = errors.some((error) => error.line !== undefined);
	const withFile = errors.some((error) => error.file !== undefined);

	function save() {
		const head = [t('order.file'), t('order.line'), t('order.field'), t('order.problem')];
		const rows = errors.map((error) => [
			error.file ?? '',
			error.line ?? '',
			error.field ?? '',
			error.message,
		]);
		saveText('errors.csv', csvText([head, ...rows]));
	}

	return (
		<div className="stack stack--tight">
			<Notice
				kind={kind}
				title={title}
				action={
					errors.length > 5 && (
						<button type="button" className="link-btn" onClick={save}>
							{t('common.exportCsv')}
						</button>
					)
				}
			>
				{kind === 'error' && (text ?? t('order.serverErrorsText', { count: errors.length + more }))}
			</Notice>
			<ScrollBox label={title} size="short">
				<table className="grid grid--compact">
					<thead>
						<tr>
							{withFile && <th scope="col">{t('order.file')}</th>}
							{withLine && (
								<th scope="col" className="number">
									{t('order.line')}
								</th>
							)}
							<th scope="col">{t('order.field')}</th>
							<th scope="col">{t('order.problem')}</th>
						</tr>
					</thead>
					<tbody>
						{errors.slice(0, shown).map((error) => (
							<tr key={`${error.file} ${error.line} ${error.field} ${error.message}`}>
								{withFile && <td>{error.file}</td>}
								{withLine && <td className="number">{error.line}</td>}
								<td className="mono">{error.field}</td>
								<td>{error.message}</td>
							</tr>
						))}
					</tbody>
				</table>
			</ScrollBox>
			{more > 0 && <p className="small quiet">{t('order.errorsPart', { count: more })}</p>}
			{errors.length > shown && (
				<p className="small quiet">{t('order.shownPart', { count: shown })}</p>
			)}
		</div>
	);
}
