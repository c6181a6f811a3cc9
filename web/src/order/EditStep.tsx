import { Button } from '@carbon/react';
import { getRouteApi } from '@tanstack/react-router';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiProblem } from '../api/problem';
import type { FieldError } from '../api/types';
import { csvPart } from '../csv/client';
import { useLive } from '../live/live';
import { announce } from '../ui/announce';
import { Meter } from '../ui/Meter';
import { Notice } from '../ui/Notice';
import { ProblemNotice } from '../ui/ProblemNotice';
import { Tabs } from '../ui/Tabs';
import { CsrsTab } from './CsrsTab';
import { CsvTab } from './CsvTab';
import { FormTab, SingleTab } from './FormTab';
import { type OrderContext, type OrderFields, orderErrors } from './fields';
import type { OrderForm } from './fields-view';
import { type Kind, kinds, methodOf, pairs, takesFile } from './kinds';
import type { Proposal, Refusal } from './OrderWizard';
import { PairedProfiles } from './PairedProfiles';
import { orderOf, previewErrors, sendPreview } from './payload';
import { ErrorList } from './ServerErrors';
import type { CsrFile } from './useCsrFile';
import { type CsvFile, csvUsable } from './useCsvFile';

const route = getRouteApi('/session/app/batches/new');

interface EditStepProps {
	form: OrderForm;
	context: Omit<OrderContext, 'kind'>;
	csv: CsvFile;
	csr: CsrFile;
	refusal: Refusal;
	onRefusal: (errors: readonly FieldError[], total: number) => void;
	onClearErrors: () => void;
	onProposal: (proposal: Proposal) => void;
	onCancel: () => void;
}

export function EditStep(props: EditStepProps) {
	const { form, csv, csr, refusal, onRefusal, onClearErrors } = props;
	const { t } = useTranslation();
	const { profile } = props.context;
	const { kind: asked } = route.useSearch();
	const navigate = route.useNavigate();
	const down = useLive() === 'down';
	const allowed = kinds.filter((one) => profile.methods.includes(methodOf(one)));
	const kind = asked && allowed.includes(asked) ? asked : (allowed[0] ?? 'csv');
	const context: OrderContext = { ...props.context, kind };
	const [fileError, setFileError] = useState<string>();
	const [problem, setProblem] = useState<unknown>();
	const [busy, setBusy] = useState<number>();
	const [refusals, setRefusals] = useState(0);
	const prefilled = useRef('');
	const formElement = useRef<HTMLFormElement>(null);

	function chooseFile(file: File) {
		setFileError(undefined);
		setProblem(undefined);
		onClearErrors();
		(kind === 'csv' ? csv : csr).choose(file);
		const name = form.getValues('name');
		if (name === '' || name === prefilled.current) {
			prefilled.current = file.name.slice(0, 200);
			form.setValue('name', prefilled.current, { shouldDirty: true });
			form.clearErrors('name');
		}
	}

	/** The file to send, or what is wrong with it. */
	async function fileToSend(): Promise<{ file?: File; error?: string }> {
		if (!takesFile(kind)) return {};
		const file = kind === 'csv' ? csv.file : csr.file;
		if (!file) return { error: t('order.fileMissing') };
		if (kind === 'csrs') {
			if (csr.look?.kind === 'private_key') return { error: t('order.csrPrivateShort') };
			return csr.look?.kind === 'none' ? { error: t('order.csrNone') } : { file };
		}
		if (!csvUsable(csv.report, csv.goodOnly)) return { error: t('order.fixFirst') };
		if (!csv.goodOnly) return { file };
		const good = await csvPart(file, csv.rules, { kind: 'good' });
		return { file: new File([good], file.name, { type: 'text/csv' }) };
	}

	function showErrors(errors: Record<string, string>): boolean {
		form.clearErrors();
		for (const [name, message] of Object.entries(errors)) {
			form.setError(name as keyof OrderFields, { type: 'check', message });
		}
		return Object.keys(errors).length > 0;
	}

	// What is said of a field holds until the field changes.
	useEffect(() => {
		const { unsubscribe } = form.watch((_, { name, type }) => {
			if (type === 'change' && name) form.clearErrors(name);
		});
		return unsubscribe;
	}, [form]);

	// Fields are marked when React has drawn them; the first wrong one then gets the focus.
	useEffect(() => {
		if (refusals === 0) return;
		formElement.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
		announce(t('problems.fields'));
	}, [refusals, t]);

	const focusFirstError = () => setRefusals((count) => count + 1);

	async function submit(event: FormEvent) {
		event.preventDefault();
		setProblem(undefined);
		onClearErrors();
		const wrong = showErrors(orderErrors(t, form.getValues(), context));
		setBusy(0);
		try {
			const { file, error } = await fileToSend();
			setFileError(error);
			if (wrong || error) {
				focusFirstError();
				return;
			}
			const order = orderOf(kind, profile, form.getValues());
			const preview = await sendPreview({ order, file, onProgress: setBusy });
			const errors = previewErrors(preview);
			if (errors.length > 0) {
				onRefusal(errors, errors.length);
				focusFirstError();
			} else {
				props.onProposal({ kind, order, file, preview, key: crypto.randomUUID() });
			}
		} catch (error) {
			if (error instanceof ApiProblem && error.errors.length > 0) {
				onRefusal(error.errors, error.errorsTotal);
				focusFirstError();
			} else setProblem(error);
		} finally {
			setBusy(undefined);
		}
	}

	const tab = { form, context };
	return (
		<form className="stack" ref={formElement} noValidate onSubmit={(event) => void submit(event)}>
			<Tabs
				label={t('order.kinds')}
				tabs={kinds.map((key) => ({
					key,
					title: t(`order.${key}`),
					disabled: !allowed.includes(key),
				}))}
				current={kind}
				onChange={(next: Kind) => {
					setFileError(undefined);
					form.clearErrors();
					void navigate({
						search: (now) => ({ ...now, kind: next }),
						replace: true,
						ignoreBlocker: true,
					});
				}}
			>
				<div className="stack wizard__panel">
					{problem !== undefined && <ProblemNotice error={problem} />}
					{refusal.errors.length > 0 && (
						<ErrorList
							errors={refusal.errors}
							more={refusal.more}
							kind="error"
							title={t('order.serverErrors')}
						/>
					)}
					{kind === 'form' && <FormTab {...tab} />}
					{kind === 'single' && <SingleTab {...tab} />}
					{kind === 'csrs' && (
						<CsrsTab {...tab} csr={csr} fileError={fileError} onFile={chooseFile} />
					)}
					{kind === 'csv' && (
						<CsvTab {...tab} csv={csv} fileError={fileError} onFile={chooseFile} />
					)}
					{pairs(kind) && <PairedProfiles form={form} profile={profile} />}
					{busy !== undefined && takesFile(kind) && (
						<Meter wide label={t('order.sending')} value={Math.round(busy * 100)} max={100} />
					)}
					{down && <Notice kind="warning" title={t('shell.writesOff')} />}
				</div>
			</Tabs>
			<div className="form__foot">
				<Button kind="secondary" onClick={props.onCancel}>
					{t('common.cancel')}
				</Button>
				<Button type="submit" disabled={busy !== undefined || down}>
					{t('common.next')}
				</Button>
			</div>
		</form>
	);
}
