import { Close } from '@carbon/icons-react';
import { type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';

interface DialogProps {
	title: string;
	/** A line above the title: what the dialog is about. */
	label?: string;
	wide?: boolean;
	children: ReactNode;
	/** Buttons, least important first. */
	footer?: ReactNode;
	onClose: () => void;
}

interface Opener {
	control: Element | null;
	row: Element | null;
}

/** The element to return to must be noted while rendering: an effect runs after focus has moved. */
function noteOpener(): Opener {
	const control = document.activeElement;
	return { control, row: control?.closest('tr') ?? null };
}

function returnFocus({ control, row }: Opener) {
	const again =
		control instanceof HTMLElement && control.isConnected && control !== document.body
			? control
			: (row?.querySelector<HTMLElement>('[data-ctl]') ?? document.querySelector('main'));
	if (again instanceof HTMLElement) again.focus();
}

/**
 * A native modal dialog.  The browser keeps focus inside; it starts on the element marked
 * `data-autofocus`, and goes back to the opener when the dialog leaves the page.
 */
export function Dialog({ title, label, wide, children, footer, onClose }: DialogProps) {
	const { t } = useTranslation();
	const ref = useRef<HTMLDialogElement>(null);
	const titleId = useId();
	const [opener] = useState(noteOpener);

	useEffect(() => {
		const dialog = ref.current;
		if (!dialog) return;
		if (!dialog.open) dialog.showModal();
		const first = dialog.querySelector<HTMLElement>('[data-autofocus]');
		(first ?? dialog.querySelector<HTMLElement>('.dialog__body'))?.focus();
		return () => {
			dialog.close();
			returnFocus(opener);
		};
	}, [opener]);

	return (
		<dialog
			ref={ref}
			className={wide ? 'dialog dialog--wide' : 'dialog'}
			aria-labelledby={titleId}
			onCancel={(event) => {
				event.preventDefault();
				onClose();
			}}
		>
			<div className="dialog__head">
				<div>
					{label && <p className="dialog__label">{label}</p>}
					<h2 id={titleId}>{title}</h2>
				</div>
				<button type="button" className="icon-btn" aria-label={t('common.close')} onClick={onClose}>
					<Close size={20} />
				</button>
			</div>
			<div
				className="dialog__body"
				// biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys scroll only what has the focus
				tabIndex={0}
			>
				{children}
			</div>
			{footer && <div className="dialog__foot">{footer}</div>}
		</dialog>
	);
}
