import { z } from 'zod';
import type { Role } from '../api/types';
import { searchDay, searchId, searchPaging, searchText } from '../lib/search';

export const roles = [
	'viewer',
	'orderer',
	'revoker',
	'organization_admin',
	'operator',
	'auditor',
] as const satisfies readonly Role[];

export const organizationsSearch = z.object({ name: searchText, ...searchPaging });
export type OrganizationsSearch = z.infer<typeof organizationsSearch>;

export const usersSearch = z.object({
	username: searchText,
	role: z.enum(roles).optional().catch(undefined),
	/** 0 is the instance itself. */
	organization: z.coerce.number().int().min(0).optional().catch(undefined),
	...searchPaging,
});
export type UsersSearch = z.infer<typeof usersSearch>;

export const auditSearch = z.object({
	user: searchText,
	action: searchText,
	object: searchText,
	organization: z.coerce.number().int().min(0).optional().catch(undefined),
	from: searchDay,
	to: searchDay,
	...searchPaging,
});
export type AuditSearch = z.infer<typeof auditSearch>;

export const ledgerSearch = z.object({ profile: searchId, ...searchPaging });
