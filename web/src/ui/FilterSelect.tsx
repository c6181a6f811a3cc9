import { Select, SelectItem } from '@carbon/react';
import { useId } from 'react';

interface FilterSelectProps {
	label: string;
	value: string;
	options: readonly { value: string; text: string }[];
	onChange: (value: string) => void;
}

export function FilterSelect({ label, value, options, onChange }: FilterSelectProps) {
	const id = useId();
	return (
		<div className="filters__item filters__item--select">
			<Select
				id={id}
				size="sm"
				labelText={label}
				value={value}
				onChange={(event) => onChange(event.target.value)}
			>
				{options.map((option) => (
					<SelectItem key={option.value} value={option.value} text={option.text} />
				))}
			</Select>
		</div>
	);
}
