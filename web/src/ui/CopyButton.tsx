import { Checkmark, Copy } from '@carbon/icons-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { copyText } from './copy';
import { IconButton } from './IconButton';

const shownMs = 2000;

export function CopyButton({ text, label }: { text: string; label?: string }) {
	const { t } = useTranslation();
	const [done, setDone] = useState(false);

	useEffect(() => {
		if (!done) return;
		const timer = setTimeout(() => setDone(false), shownMs);
		return () => clearTimeout(timer);
	}, [done]);

	return (
		<IconButton
			label={done ? t('common.copied') : (label ?? t('common.copy'))}
			icon={done ? Checkmark : Copy}
			onClick={() => {
				copyText(t, text).then(
					() => setDone(true),
					() => setDone(false),
				);
			}}
		/>
	);
}
