import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import type { Profile } from '../api/types';
import { formatDate, formatNumber } from '../lib/format';
import { CopyButton } from '../ui/CopyButton';
import { Fact, Facts } from '../ui/Facts';
import { Meter } from '../ui/Meter';
import { keyText } from './keyText';

const soonDays = 90;

function validityText(t: TFunction, { days, not_after }: Profile['validity']): string {
	if (days !== null) return t('profiles.days', { count: days });
	if (not_after === null || not_after.startsWith('9999-')) return t('profiles.noEnd');
	return t('profiles.until', { date: formatDate(not_after) });
}

function Address({ url }: { url: string }) {
	return (
		<span className="row">
			<code>{url}</code>
			<CopyButton text={url} />
		</span>
	);
}

export function ProfileFacts({ profile }: { profile: Profile }) {
	const { t } = useTranslation();
	const { ca, quota, pkcs12, revocation } = profile;
	const soon = Date.parse(ca.not_after) - Date.now() < soonDays * 86_400_000;
	return (
		<div className="panels panels--pair">
			<section className="panel">
				<h2>{t('profiles.certificate')}</h2>
				<Facts>
					<Fact name={t('profiles.id')}>{profile.id}</Fact>
					<Fact name={t('profiles.version')}>{profile.version}</Fact>
					<Fact name={t('profiles.ecosystem')}>{profile.ecosystem.name}</Fact>
					<Fact name={t('profiles.keyType')}>
						{keyText(t, profile.key)}
						{profile.key.curve && ` (${profile.key.curve})`}
					</Fact>
					<Fact name={t('certificates.signature')}>{profile.signature}</Fact>
					<Fact name={t('profiles.validity')}>{validityText(t, profile.validity)}</Fact>
					<Fact name={t('profiles.methods')}>
						{profile.methods.map((method) => t(`methods.${method}`)).join(', ')}
					</Fact>
					<Fact name={t('profiles.pkcs12')}>
						{t('profiles.pkcs12Text', {
							mode: t(`profiles.modes.${pkcs12.mode}`),
							iterations: pkcs12.iterations,
							min: pkcs12.password_min_length,
						})}
					</Fact>
					{profile.days_to_live !== undefined && (
						<Fact name={t('profiles.daysToLive')}>
							{t('profiles.days', { count: profile.days_to_live })}
						</Fact>
					)}
					{revocation && (
						<>
							<Fact name={t('profiles.reasons')}>
								{revocation.reasons.map((reason) => t(`revoke.reasons.${reason}`)).join(', ')}
							</Fact>
							<Fact name={t('profiles.hold')}>
								{t(revocation.hold ? 'profiles.holdAllowed' : 'profiles.holdNot')}
							</Fact>
						</>
					)}
				</Facts>
			</section>
			<section className="panel">
				<h2>{t('profiles.authority')}</h2>
				<Facts>
					<Fact name={t('profiles.ca')}>{profile.ca_label}</Fact>
					<Fact name={t('certificates.subject')}>
						<code>{ca.subject}</code>
					</Fact>
					<Fact name={t('certificates.serial')}>
						<code>{ca.serial_number}</code>
					</Fact>
					<Fact name={t('profiles.caExpires')}>
						<span className={soon ? 'bad-text' : undefined}>
							{ca.not_after.startsWith('9999-') ? t('profiles.noEnd') : formatDate(ca.not_after)}
							{soon && ` · ${t('profiles.caExpiresSoon')}`}
						</span>
					</Fact>
					<Fact name={t('profiles.crl')}>
						<Address url={ca.crl_url} />
					</Fact>
					<Fact name={t('profiles.caCertificate')}>
						<Address url={ca.certificate_url} />
					</Fact>
					<Fact name={t('profiles.ocsp')}>
						<Address url={ca.ocsp_url} />
					</Fact>
				</Facts>
			</section>
			{quota && (
				<section className="panel">
					<h2>{t('profiles.quota')}</h2>
					<Meter
						wide
						label={t('profiles.quota')}
						value={quota.ordered}
						max={quota.allocated}
						tone={quota.available * 10 < quota.allocated ? 'bad' : undefined}
					/>
					<Facts>
						<Fact name={t('profiles.allocated')}>{formatNumber(quota.allocated)}</Fact>
						<Fact name={t('profiles.ordered')}>{formatNumber(quota.ordered)}</Fact>
						<Fact name={t('profiles.issued')}>{formatNumber(quota.issued)}</Fact>
						<Fact name={t('profiles.available')}>{formatNumber(quota.available)}</Fact>
					</Facts>
				</section>
			)}
		</div>
	);
}
