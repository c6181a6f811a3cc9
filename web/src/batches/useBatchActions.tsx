import { Checkmark, CloseOutline, Download, Information, Undo } from '@carbon/icons-react';
import { type ReactNode, useCallback, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Batch, BatchAction } from '../api/types';
import { useLive } from '../live/live';
import type { RowAction } from '../ui/table/types';
import { ApproveDialog } from './ApproveDialog';
import { DownloadDialog } from './DownloadDialog';
import { HistoryDialog } from './HistoryDialog';
import { RejectDialog } from './RejectDialog';
import { RevokeBatchDialog } from './RevokeBatchDialog';

type Asked = BatchAction | 'details';

interface BatchActions {
	actions: RowAction<Batch>[];
	start: (what: Asked, batch: Batch) => void;
	dialog: ReactNode;
}

const dialogs = {
	details: HistoryDialog,
	download: DownloadDialog,
	reject: RejectDialog,
	revoke: RevokeBatchDialog,
	approve: ApproveDialog,
};

/** What can be done with a batch: the server says which of it, for this user, now. */
export function useBatchActions(): BatchActions {
	const { t } = useTranslation();
	const down = useLive() === 'down';
	const [open, setOpen] = useState<{ what: Asked; batch: Batch }>();

	const start = useCallback((what: Asked, batch: Batch) => setOpen({ what, batch }), []);

	const actions = useMemo<RowAction<Batch>[]>(() => {
		const may = (action: BatchAction) => (batch: Batch) => batch.actions.includes(action);
		return [
			{
				key: 'details',
				label: t('batches.details'),
				icon: Information,
				shown: () => true,
				run: (batch) => start('details', batch),
			},
			{
				key: 'approve',
				label: t('batches.approve'),
				icon: Checkmark,
				tone: 'go',
				shown: may('approve'),
				run: (batch) => start('approve', batch),
				disabled: down,
			},
			{
				key: 'download',
				label: t('batches.download'),
				icon: Download,
				tone: 'go',
				shown: may('download'),
				run: (batch) => start('download', batch),
				disabled: down,
			},
			{
				key: 'reject',
				label: t('batches.reject'),
				icon: Undo,
				tone: 'warn',
				shown: may('reject'),
				run: (batch) => start('reject', batch),
				disabled: down,
			},
			{
				key: 'revoke',
				label: t('batches.revoke'),
				icon: CloseOutline,
				tone: 'danger',
				shown: may('revoke'),
				run: (batch) => start('revoke', batch),
				disabled: down,
			},
		];
	}, [t, start, down]);

	const Open = open && dialogs[open.what];
	return {
		actions,
		start,
		dialog: Open && <Open batch={open.batch} onClose={() => setOpen(undefined)} />,
	};
}
