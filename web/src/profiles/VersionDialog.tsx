import { Button, TextArea } from '@carbon/react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, got } from '../api/client';
import { ApiProblem } from '../api/problem';
import type { components } from '../api/schema';
import type { Profile } from '../api/types';
import { ExtensionTable } from '../certificates/ExtensionTable';
import { formatTime } from '../lib/format';
import { ErrorList } from '../order/ServerErrors';
import { Dialog } from '../ui/Dialog';
import { Fact, Facts } from '../ui/Facts';
import { Notice } from '../ui/Notice';
import { notify } from '../ui/notices';
import { ProblemNotice } from '../ui/ProblemNotice';

type Document = components['schemas']['ProfileDocument'];
type Sample = components['schemas']['ProfileSample'];

interface VersionDialogProps {
	profile: Profile;
	/** The version that the next one begins with. */
	from: number;
	onClose: () => void;
}

/** The next version as JSON: tried on a sample certificate, then prepared. */
export function VersionDialog({ profile, from, onClose }: VersionDialogProps) {
	const { t } = useTranslation();
	const client = useQueryClient();
	const [typed, setTyped] = useState<string>();
	const base = useQuery({
		queryKey: ['profile', profile.id, 'version', from],
		queryFn: ({ signal }) =>
			got(
				api.GET('/profiles/{profile_id}/versions/{version}', {
					params: { path: { profile_id: profile.id, version: from } },
					signal,
				}),
			),
	});
	const first = base.data && JSON.stringify({ ...base.data, version: from + 1 }, null, 2);
	const text = typed ?? first ?? '';
	const document = () => JSON.parse(text) as Document;

	const sample = useMutation({
		mutationFn: async () => got(api.POST('/profiles/sample', { body: { document: document() } })),
	});
	const prepare = useMutation({
		mutationFn: async () =>
			got(
				api.POST('/profiles/{profile_id}/versions', {
					params: { path: { profile_id: profile.id } },
					body: document(),
				}),
			),
		onSuccess: ({ version }) => {
			onClose();
			notify('success', t('versions.done', { version }), t('versions.activate'));
			void client.invalidateQueries({ queryKey: ['profile', profile.id] });
		},
	});
	const error = prepare.error ?? sample.error ?? base.error;
	const busy = base.isPending || sample.isPending || prepare.isPending;

	return (
		<Dialog
			title={t('versions.next')}
			label={profile.name}
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
							prepare.reset();
							sample.mutate();
						}}
					>
						{t('versions.try')}
					</Button>
					<Button disabled={busy} onClick={() => prepare.mutate()}>
						{t('versions.prepare')}
					</Button>
				</>
			}
		>
			<TextArea
				id="profile-document"
				data-autofocus
				className="mono"
				labelText={t('versions.document')}
				rows={16}
				spellCheck={false}
				value={text}
				onChange={(event) => {
					setTyped(event.target.value);
					sample.reset();
					prepare.reset();
				}}
			/>
			{error && <DocumentProblem error={error} />}
			{sample.data && !error && <SampleView sample={sample.data} />}
		</Dialog>
	);
}

function DocumentProblem({ error }: { error: unknown }) {
	const { t } = useTranslation();
	if (error instanceof SyntaxError) {
		return (
			<Notice kind="error" title={t('versions.notJson')}>
				{error.message}
			</Notice>
		);
	}
	if (!(error instanceof ApiProblem) || error.errors.length === 0) {
		return <ProblemNotice error={error} />;
	}
	return (
		<ErrorList
			kind="error"
			title={t('versions.faults')}
			text={t('versions.faultsText')}
			errors={error.errors}
			more={error.errorsTotal - error.errors.length}
		/>
	);
}

function SampleView({ sample }: { sample: Sample }) {
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
