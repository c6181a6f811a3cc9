import { useCanGoBack, useRouter } from '@tanstack/react-router';
import type { MouseEvent, ReactNode } from 'react';

interface BackLinkProps {
	/** Where to go when there is no history: a list without filters. */
	to: string;
	children: ReactNode;
}

/** Back to the list one came from, with its filters and page. */
export function BackLink({ to, children }: BackLinkProps) {
	const router = useRouter();
	const canGoBack = useCanGoBack();

	function back(event: MouseEvent) {
		if (event.ctrlKey || event.metaKey || event.shiftKey) return;
		event.preventDefault();
		if (canGoBack) router.history.back();
		else router.history.push(to);
	}

	return (
		<a href={to} className="no-print" onClick={back}>
			{children}
		</a>
	);
}
