interface StateTagProps {
	good: boolean;
	children: string;
}

export function StateTag({ good, children }: StateTagProps) {
	return <span className={`status status--${good ? 'green' : 'gray'}`}>{children}</span>;
}
