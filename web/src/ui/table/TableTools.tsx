import { Column as ColumnIcon, Export } from '@carbon/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Page } from '../../api/types';
import { csvText } from '../../lib/csv-write';
import { saveText } from '../../lib/save';
import { rowHeights, useRowHeight, useSwitchedColumns } from '../../settings/preferences';
import { usePopup } from '../../shell/usePopup';
import { notify } from '../notices';
import { problemText, problemTitle } from '../problem-text';
import type { Column } from './types';
import { isShown } from './useShownColumns';

const exportMax = 100_000;
const exportPage = 1000;

/** All rows that match, page by page; what is beyond the limit is said, not silently left out. */
async function allRows<T>(
	fetchPage: (cursor: string | undefined, limit: number) => Promise<Page<T>>,
): Promise<{ rows: T[]; cut: boolean }> {
	const rows: T[] = [];
	let cursor: string | undefined;
	do {
		const page = await fetchPage(cursor, exportPage);
		rows.push(...page.items);
		cursor = page.next_cursor ?? undefined;
	} while (cursor !== undefined && rows.length < exportMax);
	return { rows, cut: cursor !== undefined };
}

interface TableToolsProps<T> {
	table: string;
	columns: Column<T>[];
	fetchPage: (cursor: string | undefined, limit: number) => Promise<Page<T>>;
}

/** Column choice, row height and export of a list. */
export function TableTools<T>({ table, columns, fetchPage }: TableToolsProps<T>) {
	const { t } = useTranslation();
	const { open, box, button, setOpen } = usePopup();
	const [switched, toggle] = useSwitchedColumns(table);
	const [height, setHeight] = useRowHeight();
	const [busy, setBusy] = useState(false);
	const heightNames = { compact: 'rowCompact', normal: 'rowNormal', tall: 'rowTall' } as const;

	async function save() {
		setBusy(true);
		try {
			const { rows, cut } = await allRows(fetchPage);
			const written = columns.filter((column) => column.text);
			const head = written.map((column) => column.title);
			const body = rows.map((row) => written.map((column) => column.text?.(row) ?? null));
			saveText(`${table}.csv`, csvText([head, ...body]));
			if (cut) notify('warning', t('common.exportPart', { count: rows.length }));
		} catch (error) {
			notify('error', problemTitle(t, error), problemText(t, error));
		}
		setBusy(false);
	}

	return (
		<>
			<button type="button" className="tool" disabled={busy} onClick={save}>
				{t('common.exportCsv')}
				<Export size={16} />
			</button>
			<div className="popup" ref={box}>
				<button
					ref={button}
					type="button"
					className="tool"
					aria-expanded={open}
					onClick={() => setOpen(!open)}
				>
					{t('common.columns')}
					<ColumnIcon size={16} />
				</button>
				{open && (
					<div className="popup__panel popup__panel--end popup__body stack">
						<fieldset className="stack stack--tight">
							<legend className="form__legend">{t('common.columns')}</legend>
							{columns.map((column) => (
								<label className="row tick" key={column.key}>
									<input
										type="checkbox"
										disabled={column.fixed}
										checked={isShown(column, switched)}
										onChange={() => toggle(column.key)}
									/>
									{column.title}
								</label>
							))}
						</fieldset>
						<fieldset className="stack stack--tight">
							<legend className="form__legend">{t('common.rowHeight')}</legend>
							{rowHeights.map((one) => (
								<label className="row tick" key={one}>
									<input
										type="radio"
										name="row-height"
										checked={one === height}
										onChange={() => setHeight(one)}
									/>
									{t(`common.${heightNames[one]}`)}
								</label>
							))}
						</fieldset>
					</div>
				)}
			</div>
		</>
	);
}
