import type { TFunction } from 'i18next';
import { announce } from './announce';

export async function copyText(t: TFunction, text: string) {
	await navigator.clipboard.writeText(text);
	announce(t('common.copied'));
}
