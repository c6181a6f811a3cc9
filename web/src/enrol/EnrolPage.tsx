import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, got } from '../api/client';
import { ApiProblem } from '../api/problem';
import { formatTime } from '../lib/format';
import { LoginFrame } from '../login/LoginFrame';
import { passkeysKnown } from '../passkey/webauthn';
import { Fact, Facts } from '../ui/Facts';
import { Notice } from '../ui/Notice';
import { ProblemNotice } from '../ui/ProblemNotice';
import { Tabs } from '../ui/Tabs';
import { CertificateForm } from './CertificateForm';
import { PasskeyForm } from './PasskeyForm';
import type { Enrolled, Enrolment } from './types';

const route = getRouteApi('/enrol/$token');

/** Where the link of an invitation leads: one gets what one will log in with. */
export function EnrolPage() {
	const { t } = useTranslation();
	const { token } = route.useParams();
	const [done, setDone] = useState<ReactNode>();
	const { data, error, refetch } = useQuery({
		queryKey: ['enrolment', token],
		queryFn: ({ signal }) =>
			got(api.GET('/enrolments/{token}', { params: { path: { token } }, signal })),
		// The link works once: after that, asking again would only say so.
		staleTime: Number.POSITIVE_INFINITY,
		gcTime: 0,
		retry: (count, failure) => count < 3 && failure instanceof ApiProblem && failure.passing,
	});
	return (
		<LoginFrame title={t('enrol.title')}>
			{error && <EnrolProblem error={error} onRetry={() => void refetch()} />}
			{!data && !error && <span className="skeleton" />}
			{data && !done && <Means token={token} enrolment={data} onDone={setDone} />}
			{done}
			{(done || error) && <Link to="/login">{t('login.backToLogin')}</Link>}
		</LoginFrame>
	);
}

interface MeansProps {
	token: string;
	enrolment: Enrolment;
	onDone: (text: ReactNode) => void;
}

/** What one may have: a certificate, a passkey, or either. */
function Means({ token, enrolment, onDone }: MeansProps) {
	const { t } = useTranslation();
	const [wanted, setWanted] = useState<'certificate' | 'passkey'>('certificate');
	const choices = (['certificate', 'passkey'] as const).filter(
		(one) => enrolment[one] && (one === 'certificate' || passkeysKnown()),
	);
	const chosen = choices.includes(wanted) ? wanted : choices[0];
	const form =
		chosen === 'passkey' ? (
			<PasskeyForm
				token={token}
				onDone={() => onDone(<Notice kind="success" title={t('enrol.passkeyDone')} />)}
			/>
		) : (
			<CertificateForm
				token={token}
				enrolment={enrolment}
				onDone={(file) => onDone(<Finished file={file} />)}
			/>
		);
	return (
		<>
			<p>{t('enrol.text')}</p>
			<Facts>
				<Fact name={t('login.username')}>{enrolment.username}</Fact>
				<Fact name={t('admin.fullName')}>{enrolment.full_name}</Fact>
				{enrolment.organization && (
					<Fact name={t('admin.organization')}>{enrolment.organization}</Fact>
				)}
				<Fact name={t('enrol.until')}>{formatTime(enrolment.expires_at)}</Fact>
			</Facts>
			{chosen === undefined && <Notice kind="error" title={t('enrol.noMeans')} />}
			{chosen && choices.length === 1 && form}
			{chosen && choices.length > 1 && (
				<Tabs
					label={t('enrol.means')}
					tabs={choices.map((key) => ({ key, title: t(`enrol.${key}`) }))}
					current={chosen}
					onChange={setWanted}
				>
					{form}
				</Tabs>
			)}
		</>
	);
}

function Finished({ file }: { file: Enrolled }) {
	const { t } = useTranslation();
	return (
		<>
			<Notice kind="success" title={t('enrol.done')}>
				{t('enrol.doneText')}
			</Notice>
			<a className="cds--btn cds--btn--primary" href={file.url} download={file.name}>
				{t('enrol.save', { name: file.name })}
			</a>
			<h2>{t('enrol.nextSteps')}</h2>
			<ol className="numbered">
				<li>{t('enrol.next1')}</li>
				<li>{t('enrol.next2')}</li>
				<li>{t('enrol.next3')}</li>
			</ol>
		</>
	);
}

function EnrolProblem({ error, onRetry }: { error: unknown; onRetry: () => void }) {
	const { t } = useTranslation();
	if (error instanceof ApiProblem && [400, 404, 409, 410, 422].includes(error.status)) {
		return (
			<Notice kind="error" title={t('login.linkDead')}>
				{t('enrol.linkDeadText')}
			</Notice>
		);
	}
	return <ProblemNotice error={error} onRetry={onRetry} />;
}
