import { Button } from '@carbon/react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useLive } from '../live/live';
import { Dialog } from './Dialog';
import { Notice } from './Notice';
import { ProblemNotice } from './ProblemNotice';

interface ConfirmDialogProps {
	title: string;
	label?: string;
	danger?: boolean;
	pending?: boolean;
	error?: unknown;
	/** What the confirming button says; OK unless given. */
	confirm?: string;
	children: ReactNode;
	onConfirm: () => void;
	onClose: () => void;
}

/** Says what will happen, and does it on OK. */
export function ConfirmDialog(props: ConfirmDialogProps) {
	const { title, label, danger, pending, error, confirm, children, onConfirm, onClose } = props;
	const { t } = useTranslation();
	const down = useLive() === 'down';
	return (
		<Dialog
			title={title}
			label={label}
			onClose={onClose}
			footer={
				<>
					<Button kind="secondary" onClick={onClose}>
						{t('common.cancel')}
					</Button>
					<Button
						kind={danger ? 'danger' : 'primary'}
						data-autofocus
						disabled={pending || down}
						onClick={onConfirm}
					>
						{confirm ?? t('common.ok')}
					</Button>
				</>
			}
		>
			{error ? <ProblemNotice error={error} /> : null}
			{down && <Notice kind="warning" title={t('shell.writesOff')} />}
			{children}
		</Dialog>
	);
}
