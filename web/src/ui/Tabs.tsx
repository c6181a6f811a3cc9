import { type KeyboardEvent, type ReactNode, useId } from 'react';

interface Tab<Key extends string> {
	key: Key;
	title: string;
	disabled?: boolean;
}

interface TabsProps<Key extends string> {
	label: string;
	tabs: readonly Tab<Key>[];
	current: Key;
	onChange: (key: Key) => void;
	children: ReactNode;
}

/** Tabs whose one panel the caller fills: arrow keys move, and what is shown follows. */
export function Tabs<Key extends string>({ label, tabs, current, ...rest }: TabsProps<Key>) {
	const { onChange, children } = rest;
	const id = useId();
	const usable = tabs.filter((tab) => !tab.disabled);

	function onKeyDown(event: KeyboardEvent) {
		const at = usable.findIndex((tab) => tab.key === current);
		const last = usable.length - 1;
		let to: number;
		if (event.key === 'ArrowRight') to = at === last ? 0 : at + 1;
		else if (event.key === 'ArrowLeft') to = at <= 0 ? last : at - 1;
		else if (event.key === 'Home') to = 0;
		else if (event.key === 'End') to = last;
		else return;
		event.preventDefault();
		const next = usable[to];
		if (!next) return;
		onChange(next.key);
		document.getElementById(`${id}-${next.key}`)?.focus();
	}

	return (
		<>
			<div className="tabs" role="tablist" aria-label={label}>
				{tabs.map((tab) => (
					<button
						key={tab.key}
						type="button"
						role="tab"
						id={`${id}-${tab.key}`}
						aria-selected={tab.key === current}
						aria-controls={`${id}-panel`}
						disabled={tab.disabled}
						tabIndex={tab.key === current ? 0 : -1}
						onClick={() => onChange(tab.key)}
						onKeyDown={onKeyDown}
					>
						{tab.title}
					</button>
				))}
			</div>
			<div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${current}`}>
				{children}
			</div>
		</>
	);
}
