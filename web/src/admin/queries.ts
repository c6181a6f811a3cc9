import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, got } from '../api/client';
import { dayEnd, dayStart } from '../lib/format';
import type { PageSearch } from '../ui/table/paging';
import type { AuditSearch, OrganizationsSearch, UsersSearch } from './search';

export const defaultLimit = 50;

export function organizationsQuery(search: OrganizationsSearch) {
	const { cursor, limit = defaultLimit } = search;
	const query = { name: search.name?.trim() || undefined, cursor, limit };
	return queryOptions({
		queryKey: ['organizations', query],
		queryFn: ({ signal }) => got(api.GET('/organizations', { params: { query }, signal })),
		placeholderData: keepPreviousData,
	});
}

export function organizationQuery(id: number) {
	return queryOptions({
		queryKey: ['organization', id],
		queryFn: ({ signal }) =>
			got(
				api.GET('/organizations/{organization_id}', {
					params: { path: { organization_id: id } },
					signal,
				}),
			),
	});
}

export function securityQuery(organizationId: number) {
	return queryOptions({
		queryKey: ['organization', organizationId, 'security'],
		queryFn: ({ signal }) =>
			got(
				api.GET('/organizations/{organization_id}/security-settings', {
					params: { path: { organization_id: organizationId } },
					signal,
				}),
			),
	});
}

export function quotaQuery(organizationId: number, { cursor, limit = defaultLimit }: PageSearch) {
	return queryOptions({
		queryKey: ['organization', organizationId, 'quota', cursor, limit],
		queryFn: ({ signal }) =>
			got(
				api.GET('/organizations/{organization_id}/quota', {
					params: { path: { organization_id: organizationId }, query: { cursor, limit } },
					signal,
				}),
			),
		placeholderData: keepPreviousData,
	});
}

export function ledgerQuery(
	organizationId: number,
	profileId: number,
	{ cursor, limit = defaultLimit }: PageSearch,
) {
	return queryOptions({
		queryKey: ['organization', organizationId, 'ledger', profileId, cursor, limit],
		queryFn: ({ signal }) =>
			got(
				api.GET('/organizations/{organization_id}/quota/{profile_id}/entries', {
					params: {
						path: { organization_id: organizationId, profile_id: profileId },
						query: { cursor, limit },
					},
					signal,
				}),
			),
		placeholderData: keepPreviousData,
	});
}

export function usersQuery(search: UsersSearch) {
	const query = {
		username: search.username?.trim() || undefined,
		role: search.role,
		organization_id: search.organization,
		cursor: search.cursor,
		limit: search.limit ?? defaultLimit,
	};
	return queryOptions({
		queryKey: ['users', query],
		queryFn: ({ signal }) => got(api.GET('/users', { params: { query }, signal })),
		placeholderData: keepPreviousData,
	});
}

export function userQuery(id: number) {
	return queryOptions({
		queryKey: ['user', id],
		queryFn: ({ signal }) =>
			got(api.GET('/users/{user_id}', { params: { path: { user_id: id } }, signal })),
	});
}

export function userCertificatesQuery(id: number, { cursor, limit = defaultLimit }: PageSearch) {
	return queryOptions({
		queryKey: ['user', id, 'certificates', cursor, limit],
		queryFn: ({ signal }) =>
			got(
				api.GET('/users/{user_id}/certificates', {
					params: { path: { user_id: id }, query: { cursor, limit } },
					signal,
				}),
			),
		placeholderData: keepPreviousData,
	});
}

export function invitationsQuery(id: number, { cursor, limit = defaultLimit }: PageSearch) {
	return queryOptions({
		queryKey: ['user', id, 'invitations', cursor, limit],
		queryFn: ({ signal }) =>
			got(
				api.GET('/users/{user_id}/invitations', {
					params: { path: { user_id: id }, query: { cursor, limit } },
					signal,
				}),
			),
		placeholderData: keepPreviousData,
	});
}

export function auditParams(search: AuditSearch) {
	return {
		user: search.user?.trim() || undefined,
		action: search.action?.trim() || undefined,
		object: search.object?.trim() || undefined,
		organization_id: search.organization,
		from: search.from && dayStart(search.from),
		to: search.to && dayEnd(search.to),
	};
}

export function auditQuery(search: AuditSearch) {
	const query = {
		...auditParams(search),
		cursor: search.cursor,
		limit: search.limit ?? defaultLimit,
	};
	return queryOptions({
		queryKey: ['audit', query],
		queryFn: ({ signal }) => got(api.GET('/audit', { params: { query }, signal })),
		placeholderData: keepPreviousData,
	});
}

export function authoritiesQuery({ cursor, limit = defaultLimit }: PageSearch) {
	return queryOptions({
		queryKey: ['cas', cursor, limit],
		queryFn: ({ signal }) => got(api.GET('/cas', { params: { query: { cursor, limit } }, signal })),
		placeholderData: keepPreviousData,
	});
}
