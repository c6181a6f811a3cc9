import { Button, TextArea } from '@carbon/react';
import { useMutation } from '@tanstack/react-query';
import { type ReactNode, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, got } from '../api/client';
import type { ProfileDocument, ProfileSample } from '../api/types';
import { ExtensionTable } from '../certificates/ExtensionTable';
import { formatTime } from '../lib/format';
import { useLive } from '../live/live';
import { Dialog } from '../ui/Dialog';
import { Fact, Facts } from '../ui/Facts';
import { Notice } from '../ui/Notice';
import { DocumentMembers } from './DocumentMembers';
import { DocumentProblem } from './DocumentProblem';

interface DocumentDialogProps {
	title: string;
	label?: string;
	/** What the document begins as; undefined: not here yet. */
	first: string | undefined;
	/** Why it is not here. */
	failed?: unknown;
	/** Above the document: where it comes from. */
	children?: ReactNode;
	keep: (document: ProfileDocument) => Promise<void>;
	onClose: () => void;
}

/** A profile as JSON: its faults at their lines, a sample certificate of it, then kept as a version. */
export function DocumentDialog(props: DocumentDialogProps) {
	const { title, label, first, failed, children, keep, onClose } = props;
	const { t } = useTranslation();
	const down = useLive() === 'down';
	const [typed, setTyped] = useState<string>();
	const field = useRef<HTMLTextAreaElement>(null);
	const text = typed ?? first ?? '';
	const document = () => JSON.parse(text) as ProfileDocument;

	const sample = useMutation({
		mutationFn: async () => got(api.POST('/profiles/sample', { body: { document: document() } })),
	});
	const prepare = useMutation({ mutationFn: async () => keep(document()), onSuccess: onClose });
	const error = prepare.error ?? sample.error ?? failed;
	const busy = first === undefined || sample.isPending || prepare.isPending || down;

	function forget() {
		sample.reset();
		prepare.reset();
	}

	function showLine(line: number) {
		const from =
			text
				.split('\n')
				.slice(0, line - 1)
				.join('\n').length + (line > 1 ? 1 : 0);
		const end = text.indexOf('\n', from);
		field.current?.focus();
		field.current?.setSelectionRange(from, end < 0 ? text.length : end);
	}

	return (
		<Dialog
			wide
			title={title}
			label={label}
			onClose={onClose}
			footer={
				<>
					<Button kind="secondary" onClick={onClose}>
						{t('common.cancel')}
					</Button>
					<Button
						kind="tertiary"
						disabled={busy}
						onClick={() => {
							forget();
							sample.mutate();
						}}
					>
						{t('versions.try')}
					</Button>
					<Button
						disabled={busy}
						onClick={() => {
							forget();
							prepare.mutate();
						}}
					>
						{t('versions.prepare')}
					</Button>
				</>
			}
		>
			{children}
			{down && <Notice kind="warning" title={t('shell.writesOff')} />}
			{error ? <DocumentProblem error={error} text={text} onLine={showLine} /> : null}
			<TextArea
				ref={field}
				id="profile-document"
				data-autofocus
				className="mono"
				labelText={t('versions.document')}
				rows={16}
				spellCheck={false}
				value={text}
				onChange={(event) => {
					setTyped(event.target.value);
					forget();
				}}
			/>
			{sample.data && !error && <SampleView sample={sample.data} />}
			<DocumentMembers />
		</Dialog>
	);
}

function SampleView({ sample }: { sample: ProfileSample }) {
	const { t } = useTranslation();
	return (
		<section className="stack" aria-label={t('versions.sample')}>
			<Notice kind="info" title={t('versions.sample')}>
				{t('versions.sampleText')}
			</Notice>
			<Facts>
				<Fact name={t('certificates.subject')}>
					<code>{sample.subject}</code>
				</Fact>
				<Fact name={t('certificates.issuer')}>
					<code>{sample.issuer}</code>
				</Fact>
				<Fact name={t('certificates.key')}>
					{sample.key.algorithm} {sample.key.curve ?? sample.key.size}
				</Fact>
				<Fact name={t('certificates.signature')}>{sample.signature}</Fact>
				<Fact name={t('certificates.notBefore')}>{formatTime(sample.not_before)}</Fact>
				<Fact name={t('certificates.notAfter')}>{formatTime(sample.not_after)}</Fact>
			</Facts>
			<ExtensionTable extensions={sample.extensions} />
		</section>
	);
}
