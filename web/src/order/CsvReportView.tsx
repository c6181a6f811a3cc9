import { Download } from '@carbon/icons-react';
import { Button, Checkbox } from '@carbon/react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { CsvRow } from '../csv/check';
import type { CsvReport } from '../csv/check-file';
import { csvPart } from '../csv/client';
import { explain, explainAll, type ProblemTexts } from '../csv/explain';
import { saveBlob } from '../lib/save';
import { Notice } from '../ui/Notice';
import { ScrollBox } from '../ui/ScrollBox';
import type { CsvFile } from './useCsvFile';

interface CsvReportViewProps {
	csv: CsvFile;
	report: CsvReport;
	texts: ProblemTexts;
}

/** What the check of the file has found: all rows are judged, the first are shown. */
export function CsvReportView({ csv, report, texts }: CsvReportViewProps) {
	const { t } = useTranslation();
	const [onlyWrong, setOnlyWrong] = useState(report.rowsWrong > 0);
	const fatal = [...report.header.problems, ...(report.problem ? [report.problem] : [])];
	const rows = onlyWrong ? report.wrong : report.first;
	const of = onlyWrong ? report.rowsWrong : report.rows;

	async function saveWrong() {
		if (!csv.file) return;
		const head: [string, string] = [
			t('order.line').toLowerCase(),
			t('order.problem').toLowerCase(),
		];
		const blob = await csvPart(csv.file, csv.rules, { kind: 'bad', head, texts });
		saveBlob(`errors-${csv.file.name}`, blob);
	}

	return (
		<div className="stack">
			{fatal.map((problem) => (
				<Notice key={explain(problem, texts)} kind="error" title={explain(problem, texts)} />
			))}
			{report.header.unknown.length > 0 && (
				<Notice
					kind="warning"
					title={t('order.unknownColumns', { columns: report.header.unknown.join(', ') })}
				/>
			)}
			<div className="row">
				<span role="status">
					{t('order.rowsChecked', { count: report.rows })},{' '}
					{report.rowsWrong > 0 ? (
						<strong className="bad-text">
							{t('order.rowsWrong', { count: report.rowsWrong })}
						</strong>
					) : (
						t('order.rowsFine')
					)}
				</span>
				{report.rowsWrong > 0 && (
					<>
						<Checkbox
							id="csv-only-wrong"
							labelText={t('order.onlyWrong')}
							checked={onlyWrong}
							onChange={(_, { checked }) => setOnlyWrong(checked)}
						/>
						{report.rowsWrong < report.rows && (
							<Checkbox
								id="csv-good-only"
								labelText={t('order.goodOnly')}
								checked={csv.goodOnly}
								onChange={(_, { checked }) => csv.setGoodOnly(checked)}
							/>
						)}
						<Button
							kind="tertiary"
							size="sm"
							renderIcon={Download}
							onClick={() => void saveWrong()}
						>
							{t('order.saveWrong')}
						</Button>
					</>
				)}
			</div>
			{rows.length > 0 && <RowsTable columns={report.header.columns} rows={rows} texts={texts} />}
			{rows.length < of && (
				<p className="small quiet">{t('order.shownPart', { count: rows.length })}</p>
			)}
		</div>
	);
}

interface RowsTableProps {
	columns: string[];
	rows: CsvRow[];
	texts: ProblemTexts;
}

function RowsTable({ columns, rows, texts }: RowsTableProps) {
	const { t } = useTranslation();
	return (
		<ScrollBox label={t('order.rowsTable')} size="short">
			<table className="grid grid--compact">
				<thead>
					<tr>
						<th scope="col" className="number">
							{t('order.line')}
						</th>
						{columns.map((column) => (
							<th key={column} scope="col">
								{column}
							</th>
						))}
						<th scope="col">{t('order.problem')}</th>
					</tr>
				</thead>
				<tbody>
					{rows.map((row) => (
						<tr key={row.line} className={row.problems.length > 0 ? 'grid__bad' : undefined}>
							<td className="number">{row.line}</td>
							{columns.map((column, at) => (
								<td key={column} className="mono clip">
									{row.cells[at]}
								</td>
							))}
							<td>{explainAll(row.problems, texts)}</td>
						</tr>
					))}
				</tbody>
			</table>
		</ScrollBox>
	);
}
