import { expect, it } from 'vitest';
import { serialGroups, serialList, serialTidy } from './serial';

const serial = '6F51B1552CCE4B0EC18E345CCE135F64';

it('tidies any spelling', () => {
	expect(serialTidy(' 6f:51:b1:55 2c-ce ')).toBe('6F51B1552CCE');
	expect(serialTidy('0x6f51')).toBe('6F51');
});

it('takes a pasted list apart', () => {
	const text = `${serial}\n${serial.toLowerCase()}, 6F51B155\r\n\nhello`;
	expect(serialList(text)).toEqual({ serials: [serial], wrong: ['6F51B155', 'hello'] });
});

it('groups for the eye', () => {
	expect(serialGroups(serial)).toBe('6F51B155 2CCE4B0E C18E345C CE135F64');
});
