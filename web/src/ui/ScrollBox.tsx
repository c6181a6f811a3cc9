import type { ReactNode } from 'react';

interface ScrollBoxProps {
	label: string;
	/** How high it grows: as its place allows, or to a limit of its own. */
	size?: 'plain' | 'short';
	children: ReactNode;
}

/** What scrolls must be reachable by keyboard, and have a name. */
export function ScrollBox({ label, size, children }: ScrollBoxProps) {
	return (
		<section
			className={size ? `scroll scroll--${size}` : 'scroll'}
			// biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys scroll only what has the focus
			tabIndex={0}
			aria-label={label}
		>
			{children}
		</section>
	);
}
