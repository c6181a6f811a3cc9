import type { components } from './schema';

type Schemas = components['schemas'];

export type Batch = Schemas['Batch'];
export type BatchAction = Schemas['BatchAction'];
export type BatchStatus = Schemas['Status'];
export type AuditEntry = Schemas['AuditEntry'];
export type Ca = Schemas['Ca'];
export type Certificate = Schemas['Certificate'];
export type CertificateDetail = Schemas['CertificateDetail'];
export type CertificateStatus = Schemas['CertificateStatus'];
export type Dashboard = Schemas['Dashboard'];
export type Ecosystem = Schemas['Ecosystem'];
export type Format = Schemas['Format'];
export type HistoryEntry = Schemas['HistoryEntry'];
export type Invitation = Schemas['Invitation'];
export type ItemEvent = Schemas['ItemEvent'];
export type Key = Schemas['Key'];
export type Me = Schemas['Me'];
export type Membership = Schemas['Membership'];
export type Method = Schemas['Method'];
export type Organization = Schemas['Organization'];
export type Packaging = Schemas['Packaging'];
export type Passkey = Schemas['Passkey'];
export type Profile = Schemas['Profile'];
export type ProfileDocument = Schemas['ProfileDocument'];
export type ProfileInput = Schemas['ProfileInput'];
export type ProfileSample = Schemas['ProfileSample'];
export type ProfileSummary = Schemas['ProfileSummary'];
export type Quota = Schemas['Quota'];
export type QuotaEntry = Schemas['QuotaEntry'];
export type QuotaLine = Schemas['QuotaLine'];
export type Reference = Schemas['Reference'];
export type RevocationReason = Schemas['RevocationReason'];
export type RevokeListResult = Schemas['RevokeListResult'];
export type Right = Schemas['Right'];
export type Role = Schemas['Role'];
export type SecuritySettings = Schemas['SecuritySettings'];
export type SessionItem = Schemas['SessionItem'];
export type Token = Schemas['Token'];
export type TokenCreated = Schemas['TokenCreated'];
export type User = Schemas['User'];
export type UserCertificate = Schemas['UserCertificate'];

/** One thing that is wrong with an input, or a warning about it; what it does not say is left out. */
export interface FieldError {
	message: string;
	field?: string;
	line?: number;
	file?: string;
	value?: string;
}

export type BatchPreview = Omit<Schemas['BatchPreview'], 'errors' | 'warnings' | 'paired'> & {
	/** Of the other profiles of a paired order. */
	paired?: BatchPreview[];
	errors: FieldError[];
	warnings: FieldError[];
};

/** A page of any list. */
export interface Page<T> {
	items: T[];
	next_cursor: string | null;
	total?: number;
}
