import { z } from 'zod';
import { searchPaging, searchText } from '../lib/search';

export const profileSorts = ['id', '-id', 'name', '-name'] as const;

export const profilesSearch = z.object({
	name: searchText,
	ecosystem: searchText,
	sort: z.enum(profileSorts).optional().catch(undefined),
	...searchPaging,
});
export type ProfilesSearch = z.infer<typeof profilesSearch>;
