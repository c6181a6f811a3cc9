import type { components } from '../api/schema';

export type Enrolment = components['schemas']['Enrolment'];

/** The PKCS#12 file that one goes away with; it exists in this page alone. */
export interface Enrolled {
	name: string;
	url: string;
}
