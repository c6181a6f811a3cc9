import { createLink } from '@tanstack/react-router';
import type { ComponentType, ReactNode, Ref } from 'react';

interface AnchorProps {
	ref?: Ref<HTMLAnchorElement>;
	href?: string;
	icon?: ComponentType<{ size?: number; className?: string }>;
	size?: 'sm' | 'md' | 'lg';
	kind?: 'primary' | 'secondary' | 'tertiary' | 'ghost';
	children?: ReactNode;
}

function Anchor({ icon: Icon, size = 'md', kind = 'primary', children, ...rest }: AnchorProps) {
	return (
		<a
			className={`cds--btn cds--btn--${kind} cds--btn--${size} cds--layout--size-${size}`}
			{...rest}
		>
			{children}
			{Icon && <Icon size={16} className="cds--btn__icon" />}
		</a>
	);
}

/** A place to go that looks like the button it stands for. */
export const ButtonLink = createLink(Anchor);
