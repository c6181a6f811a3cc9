import { useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMe } from '../session/me';
import { useShortcutsOn } from '../settings/preferences';
import { Dialog } from '../ui/Dialog';
import { ShortcutList } from './ShortcutList';

function typing(target: EventTarget | null): boolean {
	return (
		target instanceof HTMLElement &&
		(target.isContentEditable || /^(input|textarea|select)$/i.test(target.tagName))
	);
}

/** Single keys, which the settings can switch off (WCAG 2.1.4). */
export function Shortcuts() {
	const { t } = useTranslation();
	const navigate = useNavigate();
	const on = useShortcutsOn();
	const { rights } = useMe();
	const mayOrder = rights.includes('order');
	const [help, setHelp] = useState(false);

	useEffect(() => {
		if (!on) return;
		const press = (event: KeyboardEvent) => {
			if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
			if (document.querySelector('dialog[open]')) return;
			if (event.key === '/') {
				const field = document.querySelector<HTMLElement>('[data-search] input, [data-search]');
				if (!field) return;
				field.focus();
			} else if (event.key === 'n' && mayOrder) {
				void navigate({ to: '/batches/new', search: {} });
			} else if (event.key === '?') setHelp(true);
			else return;
			event.preventDefault();
		};
		document.addEventListener('keydown', press);
		return () => document.removeEventListener('keydown', press);
	}, [on, mayOrder, navigate]);

	if (!help) return null;
	return (
		<Dialog title={t('help.keys')} onClose={() => setHelp(false)}>
			<ShortcutList />
		</Dialog>
	);
}
