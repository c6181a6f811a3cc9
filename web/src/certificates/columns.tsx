import { Link } from '@tanstack/react-router';
import type { TFunction } from 'i18next';
import type { Certificate } from '../api/types';
import { formatDate, formatTime } from '../lib/format';
import { StatusTag } from '../ui/StatusTag';
import type { Column } from '../ui/table/types';

export function certificateColumns(t: TFunction): Column<Certificate>[] {
	return [
		{
			key: 'batch',
			title: t('certificates.batchId'),
			sort: 'batch_id',
			cell: (certificate, tabIndex) => (
				<Link
					to="/batches/$batchId"
					params={{ batchId: String(certificate.batch_id) }}
					tabIndex={tabIndex}
				>
					{certificate.batch_id}
				</Link>
			),
			text: (certificate) => certificate.batch_id,
		},
		{
			key: 'name',
			title: t('certificates.name'),
			className: 'clip',
			cell: (certificate) => <span title={certificate.name}>{certificate.name}</span>,
			text: (certificate) => certificate.name,
		},
		{
			key: 'subject',
			title: t('certificates.subject'),
			className: 'mono clip',
			cell: (certificate) => <span title={certificate.subject}>{certificate.subject}</span>,
			text: (certificate) => certificate.subject,
		},
		{
			key: 'serial',
			title: t('certificates.serial'),
			sort: 'serial_number',
			fixed: true,
			className: 'mono',
			cell: (certificate, tabIndex) => (
				<Link
					to="/certificates/$serial"
					params={{ serial: certificate.serial_number }}
					tabIndex={tabIndex}
				>
					{certificate.serial_number}
				</Link>
			),
			text: (certificate) => certificate.serial_number,
		},
		{
			key: 'created',
			title: t('certificates.created'),
			sort: 'created_at',
			className: 'nowrap',
			cell: (certificate) => formatTime(certificate.created_at),
			text: (certificate) => certificate.created_at,
		},
		{
			key: 'expires',
			extra: true,
			title: t('certificates.expires'),
			sort: 'not_after',
			className: 'nowrap',
			cell: (certificate) => formatDate(certificate.not_after),
			text: (certificate) => certificate.not_after,
		},
		{
			key: 'status',
			title: t('certificates.status'),
			fixed: true,
			cell: (certificate) => <StatusTag status={certificate.status} />,
			text: (certificate) => t(`status.${certificate.status}`),
		},
	];
}
