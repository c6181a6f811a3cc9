import { Button } from '@carbon/react';
import { type FormEvent, type ReactNode, useId } from 'react';
import { useTranslation } from 'react-i18next';
import { useLive } from '../live/live';
import { Dialog } from './Dialog';
import { Notice } from './Notice';
import { ProblemNotice } from './ProblemNotice';

interface FormDialogProps {
	title: string;
	label?: string;
	submit: string;
	danger?: boolean;
	pending: boolean;
	error: unknown;
	children: ReactNode;
	onSubmit: () => void;
	onClose: () => void;
}

/** A form in a dialog: Enter submits, refusals are shown above the fields. */
export function FormDialog(props: FormDialogProps) {
	const { title, label, submit, danger, pending, error, children, onSubmit, onClose } = props;
	const { t } = useTranslation();
	const id = useId();
	const down = useLive() === 'down';

	function send(event: FormEvent) {
		event.preventDefault();
		onSubmit();
	}

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
						type="submit"
						form={id}
						disabled={pending || down}
					>
						{submit}
					</Button>
				</>
			}
		>
			{error ? <ProblemNotice error={error} /> : null}
			{down && <Notice kind="warning" title={t('shell.writesOff')} />}
			<form id={id} className="form" noValidate onSubmit={send}>
				{children}
			</form>
		</Dialog>
	);
}
