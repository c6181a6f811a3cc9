import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type RefObject, useEffect, useMemo, useRef, useState } from 'react';
import { useForm } from 'react-hook-form';
import { useTranslation } from 'react-i18next';
import { ApiProblem } from '../api/problem';
import type { Batch, BatchPreview, FieldError, Profile } from '../api/types';
import type { ProblemTexts } from '../csv/explain';
import type { inputProblems } from '../i18n/en/order';
import { patchBatch } from '../live/live';
import { useMe } from '../session/me';
import { Steps } from '../ui/Steps';
import { ConfirmStep } from './ConfirmStep';
import { DoneStep } from './DoneStep';
import { EditStep } from './EditStep';
import { type OrderFields, orderDefaults } from './fields';
import type { Kind } from './kinds';
import { LeaveGuard } from './LeaveGuard';
import { type Order, sendOrder } from './payload';
import { sortErrors } from './server-errors';
import { useCsrFile } from './useCsrFile';
import { useCsvFile } from './useCsvFile';

export interface Proposal {
	kind: Kind;
	order: Order;
	file?: File;
	preview: BatchPreview;
	/** One key an order, however often it is sent. */
	key: string;
}

/** What the server says against an order, besides what stands at the fields. */
export interface Refusal {
	errors: FieldError[];
	more: number;
}

const noRefusal: Refusal = { errors: [], more: 0 };

interface OrderWizardProps {
	profile: Profile;
	typed: RefObject<Partial<OrderFields>>;
}

const noPrefixes: string[] = [];

/** New batch, Confirmation, Done. */
export function OrderWizard({ profile, typed }: OrderWizardProps) {
	const { t } = useTranslation();
	const client = useQueryClient();
	const navigate = useNavigate();
	const me = useMe();
	const prefixes = me.organization?.mac_prefixes ?? noPrefixes;
	const [proposal, setProposal] = useState<Proposal>();
	const [batch, setBatch] = useState<Batch>();
	const [errors, setErrors] = useState<Refusal>(noRefusal);
	const [problem, setProblem] = useState<unknown>();
	const [sending, setSending] = useState<number>();
	const csv = useCsvFile(profile, prefixes);
	const csr = useCsrFile();
	const form = useForm<OrderFields>({
		defaultValues: { ...orderDefaults(profile), ...typed.current },
	});
	const top = useRef<HTMLDivElement>(null);
	const texts = useMemo<ProblemTexts>(
		() =>
			t('inputProblems', {
				returnObjects: true,
				skipInterpolation: true,
			}) as typeof inputProblems,
		[t],
	);

	useEffect(
		() => () => {
			const { name, size, password, increment } = form.getValues();
			typed.current = { name, size, password, increment };
		},
		[form, typed],
	);

	const step = batch ? 2 : proposal ? 1 : 0;
	const shown = useRef(step);
	useEffect(() => {
		if (shown.current !== step) {
			top.current?.focus({ preventScroll: true });
			window.scrollTo({ top: 0 });
		}
		shown.current = step;
	}, [step]);

	/** The server's refusal goes where it can be mended; what was typed is still there. */
	function refuse(refusal: readonly FieldError[], total: number) {
		const sorted = sortErrors(refusal, profile);
		setProposal(undefined);
		setErrors({ errors: sorted.rest, more: Math.max(0, total - refusal.length) });
		for (const [name, message] of Object.entries(sorted.fields)) {
			form.setError(name as keyof OrderFields, { type: 'server', message });
		}
	}

	async function place(now: Proposal) {
		setProblem(undefined);
		setSending(0);
		try {
			const made = await sendOrder({ ...now, onProgress: setSending }, now.key);
			form.resetField('password', { defaultValue: '' });
			for (const one of [made, ...(made.paired ?? [])]) patchBatch(client, one);
			for (const key of ['batches', 'dashboard', 'profile', 'me']) {
				void client.invalidateQueries({ queryKey: [key] });
			}
			setBatch(made);
		} catch (error) {
			if (error instanceof ApiProblem && error.status === 422 && error.errors.length > 0) {
				refuse(error.errors, error.errorsTotal);
			} else setProblem(error);
		}
		setSending(undefined);
	}

	const leave = () => void navigate({ to: '/batches', ignoreBlocker: true });
	const dirty = form.formState.isDirty || csv.file !== undefined || csr.file !== undefined;

	return (
		<div className="stack wizard" ref={top} tabIndex={-1}>
			<Steps
				label={t('order.steps')}
				steps={[t('order.step1'), t('order.step2'), t('order.step3')]}
				current={step}
			/>
			{step === 0 && (
				<EditStep
					form={form}
					context={{ profile, prefixes, texts }}
					csv={csv}
					csr={csr}
					refusal={errors}
					onRefusal={refuse}
					onClearErrors={() => setErrors(noRefusal)}
					onProposal={(next) => {
						setProblem(undefined);
						setProposal(next);
					}}
					onCancel={leave}
				/>
			)}
			{proposal && step === 1 && (
				<ConfirmStep
					profile={profile}
					proposal={proposal}
					sending={sending}
					problem={problem}
					onBack={() => setProposal(undefined)}
					onCancel={leave}
					onPlace={() => void place(proposal)}
				/>
			)}
			{batch && (
				<DoneStep
					made={batch}
					onAnother={() => {
						form.reset(orderDefaults(profile));
						csv.clear();
						csr.clear();
						setProposal(undefined);
						setBatch(undefined);
						setErrors(noRefusal);
					}}
				/>
			)}
			<LeaveGuard on={dirty && !batch} />
		</div>
	);
}
