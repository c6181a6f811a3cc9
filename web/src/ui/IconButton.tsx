import type { ComponentType, MouseEventHandler } from 'react';

export type Tone = 'danger' | 'go' | 'warn';

interface IconButtonProps {
	label: string;
	icon: ComponentType<{ size?: number }>;
	tone?: Tone;
	disabled?: boolean;
	pressed?: boolean;
	tabIndex?: number;
	onClick: MouseEventHandler<HTMLButtonElement>;
}

/** A plain button with a native title: kit tooltips cost too much in a table of a thousand rows. */
export function IconButton({ label, icon: Icon, tone, pressed, ...rest }: IconButtonProps) {
	return (
		<button
			type="button"
			className={tone ? `icon-btn icon-btn--${tone}` : 'icon-btn'}
			aria-label={label}
			aria-pressed={pressed}
			title={label}
			{...rest}
		>
			<Icon size={16} />
		</button>
	);
}
