import { CaretLeft, CaretRight, PageFirst } from '@carbon/icons-react';
import { useTranslation } from 'react-i18next';
import { IconButton } from '../IconButton';

export const pageSizes = [20, 50, 100, 200, 1000] as const;

interface PagerProps {
	/** Rows on this page. */
	count: number;
	total?: number;
	page: number;
	limit: number;
	hasNext: boolean;
	onFirst: () => void;
	onPrevious: () => void;
	onNext: () => void;
	onLimit?: (limit: number) => void;
}

/** Pages are chained by cursors: forwards one by one, backwards, and to the start. */
export function Pager(props: PagerProps) {
	const { t } = useTranslation();
	const { count, total, page, limit } = props;
	const from = (page - 1) * limit + 1;
	const to = from + count - 1;
	let range: string = t('common.rangeNone');
	if (count > 0) {
		range =
			total === undefined
				? t('common.rangeOpen', { from, to })
				: t('common.range', { from, to, total });
	}
	return (
		<div className="pager no-print">
			{props.onLimit ? (
				<label className="row">
					<span>{t('common.perPage')}</span>
					<select value={limit} onChange={(event) => props.onLimit?.(Number(event.target.value))}>
						{pageSizes.map((size) => (
							<option key={size} value={size}>
								{size}
							</option>
						))}
					</select>
				</label>
			) : (
				<span />
			)}
			<div className="row">
				<span>{range}</span>
				<span>
					<IconButton
						label={t('common.firstPage')}
						icon={PageFirst}
						disabled={page <= 1}
						onClick={props.onFirst}
					/>
					<IconButton
						label={t('common.previousPage')}
						icon={CaretLeft}
						disabled={page <= 1}
						onClick={props.onPrevious}
					/>
					<IconButton
						label={t('common.nextPage')}
						icon={CaretRight}
						disabled={!props.hasNext}
						onClick={props.onNext}
					/>
				</span>
			</div>
		</div>
	);
}
