import type { ReactNode } from 'react';

export function Facts({ children }: { children: ReactNode }) {
	return <dl className="facts">{children}</dl>;
}

export function Fact({ name, children }: { name: string; children: ReactNode }) {
	return (
		<div className="facts__pair">
			<dt>{name}</dt>
			<dd>{children}</dd>
		</div>
	);
}
