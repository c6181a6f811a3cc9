import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, got } from '../api/client';
import type { Reference } from '../api/types';
import { FormDialog } from '../ui/FormDialog';
import { notify } from '../ui/notices';
import { TextField } from '../ui/TextField';

interface TopUpDialogProps {
	organizationId: number;
	profile: Reference;
	onClose: () => void;
}

/** More certificates, or fewer, with a reason that the ledger keeps. */
export function TopUpDialog({ organizationId, profile, onClose }: TopUpDialogProps) {
	const { t } = useTranslation();
	const client = useQueryClient();
	const [amount, setAmount] = useState('');
	const [reason, setReason] = useState('');
	const [tried, setTried] = useState(false);
	const value = Number(amount);
	const amountWrong = !/^-?\d{1,9}$/.test(amount.trim()) || value === 0;
	const reasonWrong = reason.trim() === '' || reason.length > 500;

	const book = useMutation({
		mutationFn: () =>
			got(
				api.POST('/organizations/{organization_id}/quota/{profile_id}/entries', {
					params: { path: { organization_id: organizationId, profile_id: profile.id } },
					body: { amount: value, reason: reason.trim() },
				}),
			),
		onSuccess: (entry) => {
			onClose();
			notify('success', t('admin.topUpDone', { count: entry.allocated }));
			for (const key of ['organization', 'profile', 'me', 'dashboard']) {
				void client.invalidateQueries({ queryKey: [key] });
			}
		},
	});

	return (
		<FormDialog
			title={t('admin.topUpTitle', { name: profile.name })}
			submit={t('admin.topUp')}
			pending={book.isPending}
			error={book.error}
			onSubmit={() => {
				setTried(true);
				if (!amountWrong && !reasonWrong) book.mutate();
			}}
			onClose={onClose}
		>
			<TextField
				id="top-up-amount"
				data-autofocus
				labelText={t('admin.topUpAmount')}
				helperText={t('admin.topUpAmountHint')}
				autoComplete="off"
				invalid={tried && amountWrong}
				invalidText={t('admin.topUpAmountWrong')}
				value={amount}
				onChange={(event) => setAmount(event.target.value)}
			/>
			<TextField
				id="top-up-reason"
				labelText={t('admin.topUpReason')}
				autoComplete="off"
				invalid={tried && reasonWrong}
				invalidText={t('admin.topUpReasonWrong')}
				value={reason}
				onChange={(event) => setReason(event.target.value)}
			/>
		</FormDialog>
	);
}
