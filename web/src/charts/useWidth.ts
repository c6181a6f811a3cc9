import { type RefObject, useEffect, useRef, useState } from 'react';

/** The width of an element in pixels, so that a drawing keeps the size of its letters. */
export function useWidth<T extends HTMLElement>(): [RefObject<T | null>, number] {
	const ref = useRef<T>(null);
	const [width, setWidth] = useState(600);

	useEffect(() => {
		if (!ref.current) return;
		const observer = new ResizeObserver(([entry]) => {
			if (entry) setWidth(Math.max(200, Math.floor(entry.contentRect.width)));
		});
		observer.observe(ref.current);
		return () => observer.disconnect();
	}, []);

	return [ref, width];
}
