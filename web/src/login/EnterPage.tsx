import { Button, Select, SelectItem } from '@carbon/react';
import { useRouter } from '@tanstack/react-router';
import { type FormEvent, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { keep, kept } from '../lib/storage';
import { tellLoggedIn } from '../session/channel';
import { useMe } from '../session/me';
import { chooseProfile, lastProfile } from '../session/profile';
import { Notice } from '../ui/Notice';
import { LoginFrame } from './LoginFrame';

/** What to work with: the last step of the log-in, prefilled with the last choice. */
export function EnterPage() {
	const { t } = useTranslation();
	const me = useMe();
	const router = useRouter();
	const [again] = useState(() => kept('again', sessionStorage) !== null);
	const last = lastProfile(me);
	const [ecosystem, setEcosystem] = useState(last?.ecosystem.id ?? me.ecosystems[0]?.id ?? '');
	const choices = me.profiles.filter((profile) => profile.ecosystem.id === ecosystem);
	const [chosen, setChosen] = useState(last?.id);
	const profile = choices.find((one) => one.id === chosen) ?? choices[0];

	useEffect(() => {
		keep('fresh', null, sessionStorage);
		tellLoggedIn();
		if (!again) return;
		keep('again', null, sessionStorage);
		window.close();
	}, [again]);

	function enter(event: FormEvent) {
		event.preventDefault();
		if (profile) chooseProfile(me, profile.id);
		const next = kept('next', sessionStorage);
		keep('next', null, sessionStorage);
		router.history.push(next ?? '/');
	}

	return (
		<LoginFrame title={t('login.ecosystemTitle')} step={3}>
			{again && <Notice kind="success" title={t('session.doneHere')} />}
			<form className="form" onSubmit={enter}>
				{me.profiles.length === 0 ? (
					<Notice kind="info" title={t('login.noProfiles')}>
						{t('login.noProfilesText')}
					</Notice>
				) : (
					<>
						<Select
							id="ecosystem"
							labelText={t('login.ecosystem')}
							value={ecosystem}
							onChange={(event) => setEcosystem(event.target.value)}
						>
							{me.ecosystems.map((item) => (
								<SelectItem key={item.id} value={item.id} text={item.name} />
							))}
						</Select>
						<Select
							id="profile"
							labelText={t('login.profile')}
							helperText={t('login.changeLater')}
							value={profile?.id ?? ''}
							onChange={(event) => setChosen(Number(event.target.value))}
						>
							{choices.map((item) => (
								<SelectItem key={item.id} value={item.id} text={item.name} />
							))}
						</Select>
					</>
				)}
				<div className="row row--end">
					<Button type="submit">{t('login.enter')}</Button>
				</div>
			</form>
		</LoginFrame>
	);
}
