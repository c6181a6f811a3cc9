import { ChevronDown, Star, StarFilled } from '@carbon/icons-react';
import { type KeyboardEvent, useId, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ProfileSummary } from '../api/types';
import { formatNumber } from '../lib/format';
import { useMe } from '../session/me';
import { useFavorites, useProfileChoice } from '../session/profile';
import { IconButton } from '../ui/IconButton';
import { profileGroups } from './profile-groups';
import { usePopup } from './usePopup';

/** The profile one works with: a searchable list by ecosystem, favorites first. */
export function ProfileSwitcher() {
	const { t } = useTranslation();
	const [profile] = useProfileChoice();
	const [favorites, toggleFavorite] = useFavorites();
	const { open, box, button, setOpen } = usePopup();
	const name = profile?.name ?? t('shell.noProfile');

	return (
		<div className="popup" ref={box}>
			<button
				ref={button}
				type="button"
				className="switcher__button"
				aria-haspopup="dialog"
				aria-expanded={open}
				aria-label={t('shell.profileButton', { name })}
				onClick={() => setOpen(!open)}
			>
				<span className="switcher__name">{name}</span>
				<ChevronDown size={16} />
			</button>
			{profile && (
				<IconButton
					label={t(favorites.includes(profile.id) ? 'shell.unfavorite' : 'shell.favorite', {
						name,
					})}
					icon={favorites.includes(profile.id) ? StarFilled : Star}
					onClick={() => toggleFavorite(profile.id)}
				/>
			)}
			{open && (
				<SwitcherPanel
					onDone={() => {
						setOpen(false);
						button.current?.focus();
					}}
				/>
			)}
		</div>
	);
}

function SwitcherPanel({ onDone }: { onDone: () => void }) {
	const { t } = useTranslation();
	const me = useMe();
	const [profile, choose] = useProfileChoice();
	const [favorites] = useFavorites();
	const [text, setText] = useState('');
	const [active, setActive] = useState(profile?.id);
	const id = useId();
	const groups = useMemo(
		() => profileGroups(me.profiles, favorites, text, t('shell.favorites')),
		[me.profiles, favorites, text, t],
	);
	const flat = groups.flatMap((group) => group.profiles);
	const activeProfile = flat.find((item) => item.id === active) ?? flat[0];

	function pick(item: ProfileSummary | undefined) {
		if (!item) return;
		choose(item.id);
		onDone();
	}

	function onKeyDown(event: KeyboardEvent) {
		const at = flat.findIndex((item) => item.id === activeProfile?.id);
		if (event.key === 'ArrowDown') setActive(flat[Math.min(at + 1, flat.length - 1)]?.id);
		else if (event.key === 'ArrowUp') setActive(flat[Math.max(at - 1, 0)]?.id);
		else if (event.key === 'Enter') pick(activeProfile);
		else return;
		event.preventDefault();
	}

	return (
		<div className="popup__panel" role="dialog" aria-label={t('shell.findProfile')}>
			<div className="cds--search cds--search--md">
				<input
					// The panel was opened to type into it.
					ref={(input) => input?.focus()}
					className="cds--search-input switcher__search"
					type="text"
					role="combobox"
					aria-expanded="true"
					aria-controls={`${id}-list`}
					aria-activedescendant={activeProfile && `${id}-${activeProfile.id}`}
					aria-label={t('shell.findProfile')}
					placeholder={t('shell.findProfile')}
					autoComplete="off"
					value={text}
					onChange={(event) => setText(event.target.value)}
					onKeyDown={onKeyDown}
				/>
			</div>
			<div
				className="switcher__list"
				id={`${id}-list`}
				role="listbox"
				aria-label={t('shell.profilesList')}
				tabIndex={-1}
			>
				{flat.length === 0 && <p className="switcher__group">{t('shell.noProfileFound')}</p>}
				{groups.map((group) => (
					// biome-ignore lint/a11y/useSemanticElements: a group of a listbox is no fieldset
					<div key={group.title} role="group" aria-label={group.title}>
						<div className="switcher__group" aria-hidden="true">
							{group.title}
						</div>
						{group.profiles.map((item) => (
							<div
								key={item.id}
								className="switcher__option"
								id={`${id}-${item.id}`}
								role="option"
								tabIndex={-1}
								aria-selected={item.id === profile?.id}
								data-active={item.id === activeProfile?.id || undefined}
								onClick={() => pick(item)}
								onKeyDown={onKeyDown}
							>
								<span>{item.name}</span>
								{item.quota && (
									<span className="quiet small">{formatNumber(item.quota.available)}</span>
								)}
							</div>
						))}
					</div>
				))}
			</div>
		</div>
	);
}
