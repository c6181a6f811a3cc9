import { formatNumber } from '../lib/format';

interface MeterProps {
	label: string;
	value: number;
	max: number;
	tone?: 'ok' | 'bad';
	wide?: boolean;
}

/** A bar drawn by SVG attributes: the page's policy allows no style attributes. */
export function Meter({ label, value, max, tone, wide }: MeterProps) {
	const part = max > 0 ? Math.min(1, Math.max(0, value / max)) : 0;
	return (
		<svg
			className={wide ? 'meter meter--wide' : 'meter'}
			viewBox="0 0 100 6"
			preserveAspectRatio="none"
			role="progressbar"
			aria-label={label}
			aria-valuemin={0}
			aria-valuemax={max}
			aria-valuenow={value}
			aria-valuetext={`${formatNumber(value)} / ${formatNumber(max)}`}
		>
			<rect className="meter__track" width="100" height="6" />
			<rect
				className={tone ? `meter__value meter__value--${tone}` : 'meter__value'}
				width={part * 100}
				height="6"
			/>
		</svg>
	);
}
