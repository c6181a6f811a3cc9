import { Button, TextArea } from '@carbon/react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { serialList } from '../lib/serial';
import { Dialog } from '../ui/Dialog';
import { Notice } from '../ui/Notice';

interface SerialListDialogProps {
	onSelect: (serials: string[]) => void;
	onClose: () => void;
}

/** Serial numbers as they come out of a ticket or a spreadsheet. */
export function SerialListDialog({ onSelect, onClose }: SerialListDialogProps) {
	const { t } = useTranslation();
	const [text, setText] = useState('');
	const { serials, wrong } = serialList(text);
	return (
		<Dialog
			title={t('certificates.byListTitle')}
			onClose={onClose}
			footer={
				<>
					<Button kind="secondary" onClick={onClose}>
						{t('common.cancel')}
					</Button>
					<Button
						disabled={serials.length === 0}
						onClick={() => {
							onSelect(serials);
							onClose();
						}}
					>
						{t('certificates.byListSelect')}
					</Button>
				</>
			}
		>
			<p>{t('certificates.byListText')}</p>
			<TextArea
				id="serial-list"
				data-autofocus
				className="mono"
				labelText={t('certificates.byListField')}
				rows={8}
				value={text}
				onChange={(event) => setText(event.target.value)}
			/>
			<p role="status">{t('certificates.selected', { count: serials.length })}</p>
			{wrong.length > 0 && (
				<Notice
					kind="warning"
					title={t('certificates.byListWrong', { list: wrong.slice(0, 10).join(', ') })}
				/>
			)}
		</Dialog>
	);
}
