import { Asleep, Light, Screen } from '@carbon/icons-react';
import { useTranslation } from 'react-i18next';
import { IconButton } from '../ui/IconButton';
import { themeChoose, themes, useTheme } from './theme';

const icons = { system: Screen, light: Light, dark: Asleep };

export function ThemeButton() {
	const { t } = useTranslation();
	const theme = useTheme();
	const next = themes[(themes.indexOf(theme) + 1) % themes.length] ?? 'system';
	return (
		<IconButton
			label={t('shell.theme', { theme: t(`shell.theme_${theme}`) })}
			icon={icons[theme]}
			onClick={() => themeChoose(next)}
		/>
	);
}
