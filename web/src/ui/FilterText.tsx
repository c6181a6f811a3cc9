import { useId } from 'react';
import { TextField } from './TextField';
import { useDebounced } from './useDebounced';

interface FilterTextProps {
	label: string;
	value: string;
	onChange: (text: string) => void;
	type?: 'text' | 'date' | 'number';
	placeholder?: string;
	/** The field that `/` goes to. */
	search?: boolean;
	wide?: boolean;
	mono?: boolean;
}

export function FilterText({
	label,
	value,
	onChange,
	type,
	search,
	wide,
	...rest
}: FilterTextProps) {
	const id = useId();
	const [text, setText] = useDebounced(value, onChange);
	return (
		<div
			className={wide ? 'filters__item filters__wide' : 'filters__item'}
			data-search={search || undefined}
		>
			<TextField
				id={id}
				size="sm"
				type={type ?? 'text'}
				labelText={label}
				placeholder={rest.placeholder}
				className={rest.mono ? 'mono' : undefined}
				min={type === 'number' ? 1 : undefined}
				autoComplete="off"
				spellCheck={false}
				value={text}
				onChange={(event) => setText(event.target.value)}
			/>
		</div>
	);
}
