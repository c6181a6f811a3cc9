import { Button } from '@carbon/react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { upload } from '../api/client';
import { ApiProblem } from '../api/problem';
import type { RevokeListResult } from '../api/types';
import { formatNumber } from '../lib/format';
import { ErrorList } from '../order/ServerErrors';
import { type Revocation, RevokeDialog } from '../revoke/RevokeDialog';
import { Dialog } from '../ui/Dialog';
import { Fact, Facts } from '../ui/Facts';
import { FileDrop } from '../ui/FileDrop';
import { Notice } from '../ui/Notice';
import { notify } from '../ui/notices';
import { ProblemNotice } from '../ui/ProblemNotice';
import { refreshCertificates } from './queries';

function send(file: File, order: Revocation, dryRun: boolean): Promise<RevokeListResult> {
	return upload(`/certificates/revoke-list${dryRun ? '?dry_run=true' : ''}`, order, file, {});
}

/** Revokes what a file names: first it is said what that would be, then why, then it is done. */
export function RevokeListDialog({ onClose }: { onClose: () => void }) {
	const { t } = useTranslation();
	const client = useQueryClient();
	const [file, setFile] = useState<File>();
	const [missing, setMissing] = useState(false);
	const [going, setGoing] = useState(false);
	const check = useMutation({
		mutationFn: (chosen: File) => send(chosen, { reason: 'unspecified' }, true),
	});
	const revoke = useMutation({
		mutationFn: (order: Revocation) => send(file as File, order, false),
		onSuccess: ({ revoked, already_revoked: already }) => {
			onClose();
			notify(
				'success',
				t('revoke.done', { count: revoked }),
				already > 0 ? t('revoke.already', { count: already }) : undefined,
			);
		},
		onSettled: () => refreshCertificates(client),
	});
	const result = check.data;

	if (going && result) {
		return (
			<RevokeDialog
				asksSince
				title={t('revoke.titleSome')}
				label={file?.name}
				count={result.revoked}
				pending={revoke.isPending}
				error={revoke.error}
				onRevoke={revoke.mutate}
				onClose={onClose}
			/>
		);
	}
	return (
		<Dialog
			title={t('revoke.listTitle')}
			onClose={onClose}
			footer={
				<>
					<Button kind="secondary" onClick={onClose}>
						{t('common.cancel')}
					</Button>
					{result ? (
						<Button disabled={result.revoked === 0} onClick={() => setGoing(true)}>
							{t('common.next')}
						</Button>
					) : (
						<Button
							disabled={check.isPending}
							onClick={() => {
								setMissing(file === undefined);
								if (file) check.mutate(file);
							}}
						>
							{t('revoke.listCheck')}
						</Button>
					)}
				</>
			}
		>
			<FileDrop
				file={file}
				accept=".csv,.txt,text/csv,text/plain"
				hint={t('revoke.listText')}
				error={missing ? t('revoke.listMissing') : undefined}
				onFile={(chosen) => {
					setFile(chosen);
					setMissing(false);
					check.reset();
				}}
			/>
			{check.error && <ListProblem error={check.error} />}
			{result && <Outcome result={result} />}
		</Dialog>
	);
}

function ListProblem({ error }: { error: unknown }) {
	const { t } = useTranslation();
	if (!(error instanceof ApiProblem) || error.errors.length === 0) {
		return <ProblemNotice error={error} />;
	}
	return (
		<ErrorList
			kind="error"
			title={t('revoke.listErrors')}
			text={t('revoke.listErrorsText')}
			errors={error.errors}
			more={error.errorsTotal - error.errors.length}
		/>
	);
}

function Outcome({ result }: { result: RevokeListResult }) {
	const { t } = useTranslation();
	return (
		<div className="stack stack--tight" role="status">
			<Notice
				kind="info"
				title={t(result.revoked === 0 ? 'revoke.listNothing' : 'revoke.listChecked')}
			/>
			<Facts>
				<Fact name={t('revoke.listLines')}>{formatNumber(result.lines)}</Fact>
				<Fact name={t('revoke.listCertificates')}>{formatNumber(result.certificates)}</Fact>
				<Fact name={t('revoke.listRevoke')}>{formatNumber(result.revoked)}</Fact>
				<Fact name={t('revoke.listAlready')}>{formatNumber(result.already_revoked)}</Fact>
			</Facts>
		</div>
	);
}
