import { ChartColumn, Download, TableSplit } from '@carbon/icons-react';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { csvText } from '../lib/csv-write';
import { formatNumber } from '../lib/format';
import { fileName, saveText } from '../lib/save';
import { IconButton } from '../ui/IconButton';
import { ScrollBox } from '../ui/ScrollBox';
import { labelStep, niceTop } from './scale';
import { useWidth } from './useWidth';

export interface Bar {
	/** Its place in the data: a date, a month. */
	key: string;
	/** Under the axis. */
	short: string;
	/** In the table and when pointed at. */
	long: string;
	values: number[];
}

export type SeriesTone = 'a' | 'b' | 'c';

export interface Series {
	name: string;
	tone: SeriesTone;
}

interface BarChartProps {
	title: string;
	/** What a bar stands for: the head of the table's first column. */
	unit: string;
	series: Series[];
	bars: Bar[];
	/** A place that shows what a bar counts. */
	link?: (bar: Bar, text: string) => ReactNode;
}

const height = 220;
const left = 48;
const bottom = 24;
const top = 8;

/** Stacked bars as an SVG, and the same figures as a table, which keyboards and readers use. */
export function BarChart(props: BarChartProps) {
	const { title, unit, series, bars, link } = props;
	const { t } = useTranslation();
	const [asTable, setAsTable] = useState(false);
	const empty = bars.every((bar) => bar.values.every((value) => value === 0));

	function save() {
		const head = [unit, ...series.map((one) => one.name)];
		saveText(
			`${fileName(title)}.csv`,
			csvText([head, ...bars.map((bar) => [bar.key, ...bar.values])]),
		);
	}

	return (
		<section className="panel">
			<div className="panel__head">
				<h2 className="panel__title">{title}</h2>
				<span className="no-print">
					<IconButton
						label={t(asTable ? 'dashboard.showChart' : 'dashboard.showTable', { title })}
						icon={asTable ? ChartColumn : TableSplit}
						onClick={() => setAsTable(!asTable)}
					/>
					<IconButton label={t('dashboard.saveCsv', { title })} icon={Download} onClick={save} />
				</span>
			</div>
			{empty && <p className="quiet">{t('dashboard.nothing')}</p>}
			{asTable ? (
				<ChartTable title={title} unit={unit} series={series} bars={bars} link={link} />
			) : (
				<Drawing title={title} series={series} bars={bars} />
			)}
		</section>
	);
}

type DrawingProps = Pick<BarChartProps, 'title' | 'series' | 'bars'>;

function Drawing({ title, series, bars }: DrawingProps) {
	const [box, width] = useWidth<HTMLDivElement>();
	const [pointed, setPointed] = useState<Bar>();
	const totals = bars.map((bar) => bar.values.reduce((sum, value) => sum + value, 0));
	const max = niceTop(Math.max(0, ...totals));
	const plot = height - top - bottom;
	const slot = (width - left) / Math.max(1, bars.length);
	const thick = Math.max(1, Math.min(slot * 0.7, 40));
	const every = labelStep(bars.length, width - left, 64);
	const y = (value: number) => top + plot - (value / max) * plot;

	return (
		<div className="stack stack--tight" ref={box}>
			<svg
				className="chart"
				width={width}
				height={height}
				viewBox={`0 0 ${width} ${height}`}
				role="img"
				aria-label={title}
			>
				{[0, 1, 2, 3, 4].map((step) => (
					<g key={step}>
						<line
							className="chart__line"
							x1={left}
							x2={width}
							y1={y((max / 4) * step)}
							y2={y((max / 4) * step)}
						/>
						<text x={left - 8} y={y((max / 4) * step) + 4} textAnchor="end">
							{formatNumber((max / 4) * step)}
						</text>
					</g>
				))}
				{bars.map((bar, index) => {
					const x = left + slot * index + (slot - thick) / 2;
					let below = 0;
					return (
						<g
							key={bar.key}
							onPointerEnter={() => setPointed(bar)}
							onPointerLeave={() => setPointed(undefined)}
						>
							<rect
								className="chart__hit"
								x={left + slot * index}
								y={top}
								width={slot}
								height={plot}
							/>
							{bar.values.map((value, at) => {
								const from = below;
								below += value;
								const tone = series[at]?.tone ?? 'a';
								return (
									<rect
										key={series[at]?.name}
										className={`chart__bar--${tone}`}
										x={x}
										y={y(below)}
										width={thick}
										height={Math.max(0, y(from) - y(below))}
									/>
								);
							})}
							{index % every === 0 && (
								<text x={left + slot * (index + 0.5)} y={height - 6} textAnchor="middle">
									{bar.short}
								</text>
							)}
						</g>
					);
				})}
			</svg>
			<div className="row chart__foot">
				<ul className="legend">
					{series.map((one) => (
						<li key={one.name}>
							<svg viewBox="0 0 12 12" aria-hidden="true">
								<rect className={`chart__bar--${one.tone}`} width="12" height="12" />
							</svg>
							{one.name}
						</li>
					))}
				</ul>
				<span className="chart__tip">
					{pointed &&
						`${pointed.long}: ${pointed.values
							.map((value, at) => `${formatNumber(value)} ${series[at]?.name}`)
							.join(', ')}`}
				</span>
			</div>
		</div>
	);
}

function ChartTable({ title, unit, series, bars, link }: BarChartProps) {
	return (
		<ScrollBox label={title} size="short">
			<table className="grid grid--compact">
				<thead>
					<tr>
						<th scope="col">{unit}</th>
						{series.map((one) => (
							<th key={one.name} scope="col" className="number">
								{one.name}
							</th>
						))}
					</tr>
				</thead>
				<tbody>
					{bars.map((bar) => (
						<tr key={bar.key}>
							<td>{link ? link(bar, bar.long) : bar.long}</td>
							{bar.values.map((value, at) => (
								<td key={series[at]?.name} className="number">
									{formatNumber(value)}
								</td>
							))}
						</tr>
					))}
				</tbody>
			</table>
		</ScrollBox>
	);
}
