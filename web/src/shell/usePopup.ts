import { type RefObject, useCallback, useEffect, useRef, useState } from 'react';

interface Popup {
	open: boolean;
	box: RefObject<HTMLDivElement | null>;
	button: RefObject<HTMLButtonElement | null>;
	setOpen: (open: boolean) => void;
}

/** A panel under its button: Escape and a press elsewhere close it, Escape gives focus back. */
export function usePopup(): Popup {
	const [open, setOpen] = useState(false);
	const box = useRef<HTMLDivElement>(null);
	const button = useRef<HTMLButtonElement>(null);

	const leave = useCallback((event: Event) => {
		if (!box.current?.contains(event.target as Node)) setOpen(false);
	}, []);

	useEffect(() => {
		if (!open) return;
		const press = (event: KeyboardEvent) => {
			if (event.key !== 'Escape') return;
			setOpen(false);
			button.current?.focus();
		};
		document.addEventListener('pointerdown', leave);
		document.addEventListener('focusin', leave);
		document.addEventListener('keydown', press);
		return () => {
			document.removeEventListener('pointerdown', leave);
			document.removeEventListener('focusin', leave);
			document.removeEventListener('keydown', press);
		};
	}, [open, leave]);

	return { open, box, button, setOpen };
}
