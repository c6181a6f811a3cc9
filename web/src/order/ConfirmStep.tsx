import { Button } from '@carbon/react';
import { Fragment } from 'react';
import { useTranslation } from 'react-i18next';
import type { BatchPreview, Profile } from '../api/types';
import { formatNumber } from '../lib/format';
import { useLive } from '../live/live';
import { Fact, Facts } from '../ui/Facts';
import { Meter } from '../ui/Meter';
import { Notice } from '../ui/Notice';
import { ProblemNotice } from '../ui/ProblemNotice';
import { ScrollBox } from '../ui/ScrollBox';
import { makesKeys } from './kinds';
import type { Proposal } from './OrderWizard';
import { ErrorList } from './ServerErrors';

interface ConfirmStepProps {
	profile: Profile;
	proposal: Proposal;
	/** How much of the file has been sent; undefined while nothing is on its way. */
	sending: number | undefined;
	problem: unknown;
	onBack: () => void;
	onCancel: () => void;
	onPlace: () => void;
}

/** What will be made, before anything happens. */
export function ConfirmStep(props: ConfirmStepProps) {
	const { profile, proposal, sending, problem } = props;
	const { t } = useTranslation();
	const down = useLive() === 'down';
	const { preview, order, kind, file } = proposal;
	const packaging = 'packaging' in order ? order.packaging : undefined;
	const others = preview.paired ?? [];

	return (
		<div className="stack">
			{problem !== undefined && <ProblemNotice error={problem} />}
			<section className="panel">
				<h2>{t('order.confirmTitle')}</h2>
				<p className="quiet">{t('order.confirmText')}</p>
				<Facts>
					<Fact name={t('order.name')}>{preview.name ?? order.name}</Fact>
					<Fact name={t('login.profile')}>{profile.name}</Fact>
					<Fact name={t('batches.method')}>
						{t(`order.${kind}`)}
						{file && `: ${file.name}`}
					</Fact>
					<Fact name={t('order.size')}>{formatNumber(preview.size)}</Fact>
					<QuotaAfter preview={preview} allocated={profile.quota?.allocated} />
					{packaging && (
						<Fact name={t('order.packaging')}>{t(`batches.formats.${packaging}`)}</Fact>
					)}
					{makesKeys(kind) && <Fact name={t('order.password')}>{t('order.passwordFact')}</Fact>}
				</Facts>
			</section>
			{preview.warnings.length > 0 && (
				<ErrorList errors={preview.warnings} kind="warning" title={t('order.warnings')} />
			)}
			<Sample preview={preview} profile={profile} />
			{others.map((other) => (
				<Paired key={other.profile_id} preview={other} profile={profile} />
			))}
			{sending !== undefined && file && (
				<Meter wide label={t('order.sending')} value={Math.round(sending * 100)} max={100} />
			)}
			{down && <Notice kind="warning" title={t('shell.writesOff')} />}
			<div className="form__foot">
				<Button kind="secondary" onClick={props.onCancel}>
					{t('common.cancel')}
				</Button>
				<Button kind="tertiary" disabled={sending !== undefined} onClick={props.onBack}>
					{t('common.back')}
				</Button>
				<Button disabled={sending !== undefined || down} onClick={props.onPlace}>
					{t('common.next')}
				</Button>
			</div>
		</div>
	);
}

function QuotaAfter({ preview, allocated }: { preview: BatchPreview; allocated?: number }) {
	const { t } = useTranslation();
	const low = allocated !== undefined && preview.quota_after * 10 < allocated;
	return (
		<Fact name={t('order.quotaAfter')}>
			<span className={low ? 'bad-text' : undefined}>{formatNumber(preview.quota_after)}</span>
		</Fact>
	);
}

/** The batch of another profile in a paired order. */
function Paired({ preview, profile }: { preview: BatchPreview; profile: Profile }) {
	const { t } = useTranslation();
	return (
		<>
			<section className="panel">
				<h2>{preview.profile_name}</h2>
				<Facts>
					<Fact name={t('order.name')}>{preview.name}</Fact>
					<Fact name={t('order.size')}>{formatNumber(preview.size)}</Fact>
					<QuotaAfter preview={preview} />
				</Facts>
			</section>
			{preview.warnings.length > 0 && (
				<ErrorList errors={preview.warnings} kind="warning" title={t('order.warnings')} />
			)}
			<Sample preview={preview} profile={profile} />
		</>
	);
}

function Sample({ preview, profile }: { preview: BatchPreview; profile: Profile }) {
	const { t } = useTranslation();
	const names = new Set(preview.sample.flatMap((item) => Object.keys(item.inputs)));
	const inputs = profile.inputs.filter((input) => names.has(input.name));
	if (preview.sample.length === 0) return null;
	return (
		<section className="panel">
			<h2>{t('order.subjects')}</h2>
			<ScrollBox
				label={[t('order.subjects'), preview.profile_name].filter(Boolean).join(', ')}
				size="plain"
			>
				<table className="grid grid--compact">
					<thead>
						<tr>
							<th scope="col" className="number">
								{t('order.index')}
							</th>
							<th scope="col">{t('order.subject')}</th>
							{inputs.map((input) => (
								<th key={input.name} scope="col">
									{input.title}
								</th>
							))}
						</tr>
					</thead>
					<tbody>
						{preview.sample.map((item, at) => (
							<Fragment key={item.index}>
								{item.index > (preview.sample[at - 1]?.index ?? item.index) + 1 && (
									<tr>
										<td className="number">…</td>
										<td colSpan={inputs.length + 1} />
									</tr>
								)}
								<tr>
									<td className="number">{item.index}</td>
									<td className="mono">{item.subject}</td>
									{inputs.map((input) => (
										<td key={input.name} className="mono">
											{item.inputs[input.name]}
										</td>
									))}
								</tr>
							</Fragment>
						))}
					</tbody>
				</table>
			</ScrollBox>
		</section>
	);
}
