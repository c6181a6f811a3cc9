import type { ReactNode } from 'react';

interface EmptyStateProps {
	title: string;
	children?: ReactNode;
	action?: ReactNode;
}

/** What a list is for, and the action that fills it. */
export function EmptyState({ title, children, action }: EmptyStateProps) {
	return (
		<div className="stack stack--tight">
			<strong>{title}</strong>
			{children && <p>{children}</p>}
			{action && <div>{action}</div>}
		</div>
	);
}
