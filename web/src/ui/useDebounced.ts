import { useEffect, useRef, useState } from 'react';

const pauseMs = 300;

/**
 * A field whose text is told on after a pause in typing, and follows the value when that changes
 * from elsewhere (a cleared filter, the Back button).
 */
export function useDebounced(
	value: string,
	commit: (text: string) => void,
): [string, (text: string) => void] {
	const [text, setText] = useState(value);
	const told = useRef(value);
	const latest = useRef(commit);
	latest.current = commit;

	useEffect(() => {
		if (value !== told.current) {
			told.current = value;
			setText(value);
		}
	}, [value]);

	useEffect(() => {
		if (text === told.current) return;
		const timer = setTimeout(() => {
			told.current = text;
			latest.current(text);
		}, pauseMs);
		return () => clearTimeout(timer);
	}, [text]);

	return [text, setText];
}
