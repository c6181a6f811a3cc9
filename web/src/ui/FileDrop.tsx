import { Upload } from '@carbon/icons-react';
import { type DragEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { formatBytes } from '../lib/format';

interface FileDropProps {
	file: File | undefined;
	accept: string;
	hint: string;
	error?: string;
	onFile: (file: File) => void;
	children?: ReactNode;
}

/** A file input that files can also be dropped on. */
export function FileDrop({ file, accept, hint, error, onFile, children }: FileDropProps) {
	const { t } = useTranslation();
	const id = useId();
	const input = useRef<HTMLInputElement>(null);
	const [over, setOver] = useState(false);

	// The file outlives this input: coming back to the tab, the input shows it again.
	useEffect(() => {
		if (!file || !input.current || input.current.files?.[0] === file) return;
		const transfer = new DataTransfer();
		transfer.items.add(file);
		input.current.files = transfer.files;
	}, [file]);

	function drop(event: DragEvent) {
		event.preventDefault();
		setOver(false);
		const dropped = event.dataTransfer.files[0];
		if (dropped) onFile(dropped);
	}

	const classes = ['drop', over && 'drop--over', error && 'drop--invalid'].filter(Boolean);
	return (
		// biome-ignore lint/a11y/noStaticElementInteractions: the input inside does the same by keyboard
		<div
			className={classes.join(' ')}
			onDragOver={(event) => {
				event.preventDefault();
				setOver(true);
			}}
			onDragLeave={() => setOver(false)}
			onDrop={drop}
		>
			<div className="row">
				<input
					ref={input}
					id={id}
					className="hidden-text drop__input"
					type="file"
					accept={accept}
					aria-describedby={`${id}-name ${id}-hint ${id}-error`}
					aria-invalid={error !== undefined}
					onChange={(event) => {
						const chosen = event.target.files?.[0];
						if (chosen) onFile(chosen);
					}}
				/>
				<label htmlFor={id} className="drop__label cds--btn cds--btn--tertiary cds--btn--md">
					{t('order.chooseFile')}
					<Upload size={16} className="cds--btn__icon" />
				</label>
				<span id={`${id}-name`}>
					{file
						? t('order.chosen', { name: file.name, size: formatBytes(file.size) })
						: t('order.drop')}
				</span>
			</div>
			<p id={`${id}-hint`} className="small quiet">
				{hint}
			</p>
			<p id={`${id}-error`} className="field-error">
				{error}
			</p>
			{children}
		</div>
	);
}
