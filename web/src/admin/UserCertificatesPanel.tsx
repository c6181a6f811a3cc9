import { CloseOutline } from '@carbon/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { TFunction } from 'i18next';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, got } from '../api/client';
import type { User, UserCertificate } from '../api/types';
import { formatDate, formatTime } from '../lib/format';
import { useRight } from '../session/me';
import { ConfirmDialog } from '../ui/ConfirmDialog';
import { notify } from '../ui/notices';
import { ListFrame } from '../ui/table/ListFrame';
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
	const [search, setSearch] = useLocalPage(20);
	const query = useQuery(userCertificatesQuery(user.id, search));
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
		<section className="panel">
			<h2>{t('admin.certificates')}</h2>
			<p className="quiet">{t('admin.certificatesText')}</p>
			<ListFrame
				plain
				label={t('admin.certificates')}
				query={query}
				columns={columns}
				rowId={rowId}
				rowName={rowName}
				actions={actions}
				filtered={false}
				empty={t('admin.certificatesEmpty')}
				search={search}
				limit={search.limit}
				onPage={setSearch}
			/>
			{revoking && (
				<RevokeDialog user={user} certificate={revoking} onClose={() => setRevoking(undefined)} />
			)}
		</section>
	);
}

interface RevokeDialogProps {
	user: Pick<User, 'id' | 'username'>;
	certificate: UserCertificate;
	onClose: () => void;
}

function RevokeDialog({ user, certificate, onClose }: RevokeDialogProps) {
	const { t } = useTranslation();
	const client = useQueryClient();
	const revoke = useMutation({
		mutationFn: () =>
			got(
				api.DELETE('/users/{user_id}/certificates/{sha256}', {
					params: { path: { user_id: user.id, sha256: certificate.sha256 } },
				}),
			),
		onSuccess: () => {
			onClose();
			notify('success', t('admin.saved'));
			void client.invalidateQueries({ queryKey: ['user', user.id] });
		},
	});
	return (
		<ConfirmDialog
			danger
			title={t('admin.revokeCertificateTitle')}
			label={`${user.username}, ${certificate.serial_number}`}
			pending={revoke.isPending}
			error={revoke.error}
			onConfirm={() => revoke.mutate()}
			onClose={onClose}
		>
			<p>{t('admin.revokeCertificateText')}</p>
		</ConfirmDialog>
	);
}
