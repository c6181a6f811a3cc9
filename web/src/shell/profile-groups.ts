import type { ProfileSummary } from '../api/types';

export interface ProfileGroup {
	title: string;
	profiles: ProfileSummary[];
}

/** Profiles that match, favorites first and then by ecosystem; each appears once. */
export function profileGroups(
	profiles: ProfileSummary[],
	favorites: number[],
	text: string,
	favoritesTitle: string,
): ProfileGroup[] {
	const words = text.toLowerCase().split(/\s+/).filter(Boolean);
	const groups = new Map<string, ProfileSummary[]>();
	const ranked = [
		...profiles.filter((profile) => favorites.includes(profile.id)),
		...profiles.filter((profile) => !favorites.includes(profile.id)),
	];
	for (const profile of ranked) {
		const hay = `${profile.name} ${profile.ecosystem.name} ${profile.id}`.toLowerCase();
		if (!words.every((word) => hay.includes(word))) continue;
		const title = favorites.includes(profile.id) ? favoritesTitle : profile.ecosystem.name;
		groups.set(title, [...(groups.get(title) ?? []), profile]);
	}
	return [...groups].map(([title, items]) => ({ title, profiles: items }));
}
