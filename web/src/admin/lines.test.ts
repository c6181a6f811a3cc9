import { expect, it } from 'vitest';
import { parametersOf, parameterText, prefixesOf } from './lines';

it('reads prefixes of 24, 28 and 36 bits', () => {
	expect(prefixesOf('00:1A:2B\n 001dd1 \n00:1A:2B:C\n00:1A:2B:CD:E\n\nx\n00:1A')).toEqual({
		prefixes: ['00:1A:2B', '001dd1', '00:1A:2B:C', '00:1A:2B:CD:E'],
		wrong: ['x', '00:1A'],
	});
});

it('reads and writes parameters', () => {
	const { parameters, wrong } = parametersOf(
		'organization_name = Kyrio, Inc\ncountry=US\nnope\n=x',
	);
	expect(parameters).toEqual({ organization_name: 'Kyrio, Inc', country: 'US' });
	expect(wrong).toEqual(['nope', '=x']);
	expect(parametersOf(parameterText(parameters)).parameters).toEqual(parameters);
});
