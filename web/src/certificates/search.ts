import { z } from 'zod';
import type { CertificateStatus } from '../api/types';
import { searchDay, searchFlag, searchId, searchPaging, searchText } from '../lib/search';

export const certificateStatuses = [
	'issued',
	'revoked',
	'expired',
	'rejected',
] as const satisfies readonly CertificateStatus[];

export const certificateSorts = [
	'created_at',
	'-created_at',
	'serial_number',
	'-serial_number',
	'batch_id',
	'-batch_id',
	'not_after',
	'-not_after',
] as const;

export const certificatesSearch = z.object({
	/** Only those of the current profile. */
	current: searchFlag,
	batch: searchId,
	name: searchText,
	subject: searchText,
	serial: searchText,
	status: z.enum(certificateStatuses).optional().catch(undefined),
	from: searchDay,
	to: searchDay,
	sort: z.enum(certificateSorts).optional().catch(undefined),
	...searchPaging,
});
export type CertificatesSearch = z.infer<typeof certificatesSearch>;
