import { Button } from '@carbon/react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { apiBase } from '../api/client';
import { isStatus } from '../api/problem';
import type { CertificateDetail } from '../api/types';
import { formatTime } from '../lib/format';
import { useRight } from '../session/me';
import { BackLink } from '../ui/BackLink';
import { CopyButton } from '../ui/CopyButton';
import { DownloadLink } from '../ui/DownloadLink';
import { Fact, Facts } from '../ui/Facts';
import { Notice } from '../ui/Notice';
import { ProblemNotice } from '../ui/ProblemNotice';
import { ScrollBox } from '../ui/ScrollBox';
import { StatusTag } from '../ui/StatusTag';
import { useTitle } from '../ui/useTitle';
import { ExtensionTable } from './ExtensionTable';
import { certificateQuery, pemQuery } from './queries';
import { ReleaseDialog } from './ReleaseDialog';
import { RevokeSerialsDialog } from './RevokeSerialsDialog';

const route = getRouteApi('/session/app/certificates/$serial');

export function CertificatePage() {
	const { t } = useTranslation();
	const { serial } = route.useParams();
	const { data, error, refetch } = useQuery(certificateQuery(serial));
	useTitle(data?.name ?? t('certificates.title'));
	return (
		<div className="page">
			<BackLink to="/certificates">{t('certificates.back')}</BackLink>
			{error && !data && (
				<>
					<h1>{isStatus(error, 404) ? t('certificates.notFound') : t('certificates.title')}</h1>
					{isStatus(error, 404) ? (
						<p>{t('problems.notFoundText')}</p>
					) : (
						<ProblemNotice error={error} onRetry={() => void refetch()} />
					)}
				</>
			)}
			{data && <CertificateBody certificate={data} />}
			{!data && !error && <span className="skeleton" />}
		</div>
	);
}

function CertificateBody({ certificate }: { certificate: CertificateDetail }) {
	const { t } = useTranslation();
	const [revoking, setRevoking] = useState(false);
	const [releasing, setReleasing] = useState(false);
	const audits = useRight('audit');
	const { serial_number: serial, actions } = certificate;
	const file = `${apiBase}/certificates/${serial}`;

	return (
		<>
			<div className="page__head">
				<h1>{certificate.name}</h1>
				<div className="row no-print">
					{actions.includes('download') && (
						<>
							<DownloadLink href={`${file}.pem`}>{t('certificates.downloadPem')}</DownloadLink>
							<DownloadLink href={`${file}.der`}>{t('certificates.downloadDer')}</DownloadLink>
						</>
					)}
					{actions.includes('release') && (
						<Button kind="tertiary" size="md" onClick={() => setReleasing(true)}>
							{t('revoke.release')}
						</Button>
					)}
					{actions.includes('revoke') && (
						<Button kind="danger--tertiary" size="md" onClick={() => setRevoking(true)}>
							{t('certificates.revoke')}
						</Button>
					)}
				</div>
			</div>
			<div className="panels panels--pair">
				<Identity certificate={certificate} />
				<section className="panel">
					<h2>{t('certificates.validity')}</h2>
					<Facts>
						<Fact name={t('certificates.status')}>
							<StatusTag status={certificate.status} />
						</Fact>
						<Fact name={t('certificates.notBefore')}>{formatTime(certificate.not_before)}</Fact>
						<Fact name={t('certificates.notAfter')}>{formatTime(certificate.not_after)}</Fact>
						<Fact name={t('certificates.created')}>{formatTime(certificate.created_at)}</Fact>
						{certificate.revoked_at && (
							<Fact name={t('certificates.revokedAt')}>{formatTime(certificate.revoked_at)}</Fact>
						)}
						{certificate.revocation_reason && (
							<Fact name={t('certificates.reason')}>
								{t(`revoke.reasons.${certificate.revocation_reason}`, {
									defaultValue: certificate.revocation_reason,
								})}
							</Fact>
						)}
					</Facts>
				</section>
				<section className="panel">
					<h2>{t('certificates.technical')}</h2>
					<Facts>
						<Fact name={t('certificates.key')}>
							{certificate.key.algorithm} {certificate.key.curve ?? certificate.key.size}
						</Fact>
						<Fact name={t('certificates.signature')}>{certificate.signature}</Fact>
						<Fact name={t('certificates.sha256')}>
							<code>{certificate.sha256}</code> <CopyButton text={certificate.sha256} />
						</Fact>
					</Facts>
				</section>
				<Pem certificate={certificate} />
			</div>
			<section className="panel">
				<h2>{t('certificates.extensions')}</h2>
				<ExtensionTable extensions={certificate.extensions} />
			</section>
			{audits && (
				<p>
					<Link to="/admin/audit" search={{ object: `batch ${certificate.batch_id}` }}>
						{t('certificates.log')}
					</Link>
				</p>
			)}
			{releasing && <ReleaseDialog serial={serial} onClose={() => setReleasing(false)} />}
			{revoking && (
				<RevokeSerialsDialog
					serials={[serial]}
					onDone={() => undefined}
					onClose={() => setRevoking(false)}
				/>
			)}
		</>
	);
}

function Identity({ certificate }: { certificate: CertificateDetail }) {
	const { t } = useTranslation();
	return (
		<section className="panel">
			<h2>{t('certificates.identity')}</h2>
			<Facts>
				<Fact name={t('certificates.subject')}>
					<code>{certificate.subject}</code>
				</Fact>
				<Fact name={t('certificates.serial')}>
					<code>{certificate.serial_number}</code> <CopyButton text={certificate.serial_number} />
				</Fact>
				<Fact name={t('certificates.issuer')}>
					<code>{certificate.issuer}</code>
				</Fact>
				{Object.entries(certificate.inputs).map(([name, value]) => (
					<Fact key={name} name={name}>
						<code>{value}</code>
					</Fact>
				))}
				<Fact name={t('certificates.batch')}>
					<Link to="/batches/$batchId" params={{ batchId: String(certificate.batch_id) }}>
						{certificate.batch_id}
					</Link>
					, {t('certificates.item')} {certificate.index}
				</Fact>
				<Fact name={t('certificates.profile')}>
					<Link to="/profiles/$profileId" params={{ profileId: String(certificate.profile_id) }}>
						{certificate.profile.name}
					</Link>
				</Fact>
			</Facts>
		</section>
	);
}

function Pem({ certificate }: { certificate: CertificateDetail }) {
	const { t } = useTranslation();
	const available = certificate.actions.includes('download');
	const { data, error } = useQuery({
		...pemQuery(certificate.serial_number),
		enabled: available,
	});
	return (
		<section className="panel">
			<div className="panel__head">
				<h2>{t('certificates.pem')}</h2>
				{data && <CopyButton text={data} />}
			</div>
			{!available && <Notice kind="info" title={t('certificates.notDownloaded')} />}
			{error && <ProblemNotice error={error} />}
			{data && (
				<ScrollBox label={t('certificates.pem')} size="short">
					<pre className="pem">{data}</pre>
				</ScrollBox>
			)}
		</section>
	);
}
