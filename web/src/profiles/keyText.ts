import type { TFunction } from 'i18next';
import type { Key } from '../api/types';

/** As the guide's list writes it: `alg: RSA, keySize: 2048`. */
export function keyText(t: TFunction, key: Key): string {
	return t('profiles.keyText', { algorithm: key.algorithm, size: key.size });
}
