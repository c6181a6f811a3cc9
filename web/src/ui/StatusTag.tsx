import { useTranslation } from 'react-i18next';
import type { BatchStatus, CertificateStatus } from '../api/types';

type Status = BatchStatus | CertificateStatus;

const colors: Record<Status, string> = {
	pending_approval: 'yellow',
	pending_creation: 'cyan',
	pending_issue: 'cyan',
	preparing_download: 'cyan',
	ready_for_download: 'green',
	downloaded: 'blue',
	issued: 'blue',
	issued_partly: 'magenta',
	failed: 'magenta',
	rejected: 'gray',
	revoked: 'red',
	expired: 'gray',
};

export function StatusTag({ status }: { status: Status }) {
	const { t } = useTranslation();
	return (
		<span className={`status status--${colors[status] ?? 'gray'}`}>{t(`status.${status}`)}</span>
	);
}
