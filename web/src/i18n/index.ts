import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import { formatConfigure } from '../lib/format';
import { admin } from './en/admin';
import { batches, methods, revoke, status } from './en/batches';
import { certificates, dashboard, profiles } from './en/certificates';
import { common, problems } from './en/common';
import { ecosystems } from './en/ecosystems';
import { enrol, passkey } from './en/enrol';
import { help } from './en/help';
import { inputProblems, order } from './en/order';
import { settings } from './en/settings';
import { login, session, shell } from './en/shell';
import { versions } from './en/versions';

/** English is part of the page; other languages are chunks of their own, loaded when chosen. */
export const en = {
	common,
	problems,
	shell,
	session,
	login,
	status,
	methods,
	batches,
	revoke,
	help,
	inputProblems,
	order,
	certificates,
	profiles,
	dashboard,
	settings,
	admin,
	enrol,
	passkey,
	versions,
	ecosystems,
};

export function i18nStart() {
	void i18next.use(initReactI18next).init({
		lng: 'en',
		fallbackLng: 'en',
		resources: { en: { translation: en } },
		interpolation: { escapeValue: false },
		initAsync: false,
	});
	formatConfigure({ language: navigator.language.startsWith('en') ? navigator.language : 'en' });
}

declare module 'i18next' {
	interface CustomTypeOptions {
		defaultNS: 'translation';
		resources: { translation: typeof en };
	}
}
