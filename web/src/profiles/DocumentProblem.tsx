import { useTranslation } from 'react-i18next';
import { ApiProblem } from '../api/problem';
import { Notice } from '../ui/Notice';
import { ProblemNotice } from '../ui/ProblemNotice';
import { ScrollBox } from '../ui/ScrollBox';
import { jsonLines, lineOf, syntaxLine } from './json-lines';

interface DocumentProblemProps {
	error: unknown;
	/** The document that was refused. */
	text: string;
	onLine: (line: number) => void;
}

/** Why a document was refused, each fault with the line that it stands in. */
export function DocumentProblem({ error, text, onLine }: DocumentProblemProps) {
	const { t } = useTranslation();
	const button = (line: number | undefined) =>
		line !== undefined && (
			<button
				type="button"
				className="link-btn"
				aria-label={t('versions.showLine', { line })}
				onClick={() => onLine(line)}
			>
				{line}
			</button>
		);

	if (error instanceof SyntaxError) {
		const line = syntaxLine(text, error.message);
		return (
			<Notice kind="error" title={t('versions.notJson')}>
				{error.message}
				{line !== undefined && (
					<>
						{' · '}
						{t('order.line')} {button(line)}
					</>
				)}
			</Notice>
		);
	}
	if (!(error instanceof ApiProblem) || error.errors.length === 0) {
		return <ProblemNotice error={error} />;
	}
	const lines = jsonLines(text);
	const faults = error.errors
		.map((one) => ({ ...one, line: lineOf(lines, one.field ?? '') ?? 1 }))
		.toSorted((a, b) => a.line - b.line);
	return (
		<div className="stack stack--tight">
			<Notice kind="error" title={t('versions.faults')}>
				{t('versions.faultsText')}
			</Notice>
			<ScrollBox label={t('versions.faults')} size="short">
				<table className="grid grid--compact">
					<thead>
						<tr>
							<th scope="col" className="number">
								{t('order.line')}
							</th>
							<th scope="col">{t('versions.path')}</th>
							<th scope="col">{t('order.problem')}</th>
						</tr>
					</thead>
					<tbody>
						{faults.map((one) => (
							<tr key={`${one.field} ${one.message}`}>
								<td className="number">{button(one.line)}</td>
								<td className="mono">{one.field}</td>
								<td className="wrap">{one.message}</td>
							</tr>
						))}
					</tbody>
				</table>
			</ScrollBox>
		</div>
	);
}
