import { TextInput } from '@carbon/react';
import type { ComponentProps } from 'react';

export type TextFieldProps = ComponentProps<typeof TextInput>;

/**
 * The kit's text input, with its error text as the field's description: the kit names it by
 * aria-errormessage alone, which screen readers pass over.
 */
export function TextField(props: TextFieldProps) {
	const described = props.invalid ? { 'aria-describedby': `${props.id}-error-msg` } : {};
	return <TextInput {...props} {...described} />;
}
