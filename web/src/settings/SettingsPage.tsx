import { Select, SelectItem, Toggle } from '@carbon/react';
import { useTranslation } from 'react-i18next';
import { UserCertificatesPanel } from '../admin/UserCertificatesPanel';
import { PasskeysPanel } from '../passkey/PasskeysPanel';
import { useMe, useRight } from '../session/me';
import { type Theme, themeChoose, themes, useTheme } from '../theme/theme';
import { useTitle } from '../ui/useTitle';
import {
	dateForms,
	type RowHeight,
	rowHeights,
	shortcutsSet,
	useDateForm,
	useRowHeight,
	useShortcutsOn,
} from './preferences';
import { SessionsPanel } from './SessionsPanel';
import { TokensPanel } from './TokensPanel';

export function SettingsPage() {
	const { t } = useTranslation();
	useTitle(t('settings.title'));
	const me = useMe();
	const administers = useRight('admin');
	// Who may not ask for the certificates of a user, may not for those of its own.
	const seesCertificates = useRight('audit');
	return (
		<div className="page">
			<h1>{t('settings.title')}</h1>
			<PreferencesPanel />
			<SessionsPanel />
			<PasskeysPanel />
			{seesCertificates && <UserCertificatesPanel user={me} />}
			<TokensPanel mayMake={administers} />
		</div>
	);
}

function PreferencesPanel() {
	const { t } = useTranslation();
	const theme = useTheme();
	const [dates, setDates] = useDateForm();
	const [rows, setRows] = useRowHeight();
	const shortcuts = useShortcutsOn();
	const heightNames = { compact: 'rowCompact', normal: 'rowNormal', tall: 'rowTall' } as const;
	return (
		<section className="panel">
			<h2>{t('settings.page')}</h2>
			<div className="form__grid">
				<Select
					id="theme"
					labelText={t('settings.theme')}
					value={theme}
					onChange={(event) => themeChoose(event.target.value as Theme)}
				>
					{themes.map((one) => (
						<SelectItem key={one} value={one} text={t(`settings.themes.${one}`)} />
					))}
				</Select>
				<Select
					id="dates"
					labelText={t('settings.dates')}
					value={dates}
					onChange={(event) => {
						const next = dateForms.find((one) => one === event.target.value);
						if (next) setDates(next);
					}}
				>
					{dateForms.map((one) => (
						<SelectItem key={one} value={one} text={t(`settings.dateForms.${one}`)} />
					))}
				</Select>
				<Select
					id="rows"
					labelText={t('settings.rows')}
					value={rows}
					onChange={(event) => setRows(event.target.value as RowHeight)}
				>
					{rowHeights.map((one) => (
						<SelectItem key={one} value={one} text={t(`common.${heightNames[one]}`)} />
					))}
				</Select>
				<Toggle
					id="shortcuts"
					labelText={t('settings.shortcuts')}
					labelA={t('settings.off')}
					labelB={t('settings.on')}
					toggled={shortcuts}
					onToggle={shortcutsSet}
				/>
			</div>
			<p className="quiet small">{t('settings.kept')}</p>
		</section>
	);
}
