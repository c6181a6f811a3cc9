import { View, ViewOff } from '@carbon/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { IconButton } from './IconButton';
import { TextField, type TextFieldProps } from './TextField';

/** A secret with a button that shows it; its text is never offered to spelling services. */
export function PasswordField(props: TextFieldProps) {
	const { t } = useTranslation();
	const [shown, setShown] = useState(false);

	return (
		<div className="password">
			<TextField
				{...props}
				type={shown ? 'text' : 'password'}
				spellCheck={false}
				autoCapitalize="none"
			/>
			<span className="password__eye">
				<IconButton
					label={shown ? t('common.hideCharacters') : t('common.showCharacters')}
					icon={shown ? ViewOff : View}
					pressed={shown}
					onClick={() => setShown(!shown)}
				/>
			</span>
		</div>
	);
}
