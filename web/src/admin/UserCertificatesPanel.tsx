import { CloseOutline } from '@carbon/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { TFunction } from 'i18next';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, got } from '../api/client';
import type { User, UserCertificate } from '../api/types';
import { formatDate, formatTime } from '../lib/format';
import { useRight } from '../session/me';
import { ActDialog } from '../ui/ActDialog';
import { ListPanel } from '../ui/table/ListPanel';
import type { Column, RowAction } from '../ui/table/types';
import { useLocalPage } from '../ui/table/useLocalPage';
import { userCertificatesQuery } from './queries';
import { StateTag } from './StateTag';

const rowId = (certificate: UserCertificate) => certificate.sha256;
const rowName = (certificate: UserCertificate) => certificate.serial_number;

function certificateState(certificate: UserCertificate): 'revoked' | 'expired' | 'valid' {
	if (certificate.revoked_at) return 'revoked';
	return Date.parse(certificate.not_after) < Date.now() ? 'expired' : 'valid';
}

function certificateColumns(t: TFunction): Column<UserCertificate>[] {
	return [
		{
			key: 'subject',
			title: t('admin.subject'),
			className: 'mono clip',
			cell: (certificate) => certificate.subject,
		},
		{
			key: 'serial',
			title: t('admin.serial'),
			className: 'mono',
			cell: (certificate) => certificate.serial_number,
		},
		{
			key: 'created',
			title: t('admin.created'),
			className: 'nowrap',
			cell: (certificate) => formatTime(certificate.created_at),
		},
		{
			key: 'expires',
			title: t('admin.expires'),
			className: 'nowrap',
			cell: (certificate) => formatDate(certificate.not_after),
		},
		{
			key: 'state',
			title: t('admin.status'),
			cell: (certificate) => {
				const state = certificateState(certificate);
				return <StateTag good={state === 'valid'}>{t(`admin.${state}`)}</StateTag>;
			},
		},
	];
}

/** What a user logs in with besides the password. */
export function UserCertificatesPanel({ user }: { user: Pick<User, 'id' | 'username'> }) {
	const { t } = useTranslation();
	const administers = useRight('admin');
	const page = useLocalPage(20);
	const query = useQuery(userCertificatesQuery(user.id, page[0]));
	const [revoking, setRevoking] = useState<UserCertificate>();
	const columns = useMemo(() => certificateColumns(t), [t]);
	const actions = useMemo<RowAction<UserCertificate>[]>(
		() => [
			{
				key: 'revoke',
				label: t('admin.revokeCertificate'),
				icon: CloseOutline,
				tone: 'danger',
				shown: (certificate) => administers && certificateState(certificate) === 'valid',
				run: setRevoking,
			},
		],
		[t, administers],
	);
	return (
		<ListPanel
			title={t('admin.certificates')}
			text={t('admin.certificatesText')}
			query={query}
			columns={columns}
			rowId={rowId}
			rowName={rowName}
			actions={actions}
			empty={t('admin.certificatesEmpty')}
			page={page}
		>
			{revoking && (
				<ActDialog
					title={t('admin.revokeCertificateTitle')}
					label={`${user.username}, ${revoking.serial_number}`}
					act={() =>
						got(
							api.DELETE('/users/{user_id}/certificates/{sha256}', {
								params: { path: { user_id: user.id, sha256: revoking.sha256 } },
							}),
						)
					}
					done={t('admin.saved')}
					changes={['user']}
					onClose={() => setRevoking(undefined)}
				>
					{t('admin.revokeCertificateText')}
				</ActDialog>
			)}
		</ListPanel>
	);
}
