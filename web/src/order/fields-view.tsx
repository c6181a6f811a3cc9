import { Select, SelectItem } from '@carbon/react';
import type { UseFormReturn } from 'react-hook-form';
import { useTranslation } from 'react-i18next';
import type { Profile, ProfileInput } from '../api/types';
import { PasswordField } from '../ui/PasswordField';
import { TextField } from '../ui/TextField';
import { inputsFor, type OrderFields } from './fields';
import type { Kind } from './kinds';

export type OrderForm = UseFormReturn<OrderFields>;

interface FieldProps {
	form: OrderForm;
}

export function NameField({ form }: FieldProps) {
	const { t } = useTranslation();
	const error = form.formState.errors.name;
	return (
		<TextField
			id="order-name"
			labelText={t('order.name')}
			helperText={t('order.nameHint')}
			autoComplete="off"
			invalid={error !== undefined}
			invalidText={error?.message}
			{...form.register('name')}
		/>
	);
}

export function SizeField({ form }: FieldProps) {
	const { t } = useTranslation();
	const error = form.formState.errors.size;
	return (
		<TextField
			id="order-size"
			labelText={t('order.size')}
			type="text"
			inputMode="numeric"
			autoComplete="off"
			invalid={error !== undefined}
			invalidText={error?.message}
			{...form.register('size')}
		/>
	);
}

export function PasswordFields({ form, profile }: FieldProps & { profile: Profile }) {
	const { t } = useTranslation();
	const error = form.formState.errors.password;
	const packagings = profile.packagings ?? [];
	const profileMode =
		profile.pkcs12.mode === 'modern' ? 'order.modeModern' : 'order.modeCompatible';
	return (
		<>
			<PasswordField
				id="order-password"
				labelText={t('order.password')}
				helperText={t('order.passwordHint', { count: profile.pkcs12.password_min_length })}
				autoComplete="new-password"
				invalid={error !== undefined}
				invalidText={error?.message}
				{...form.register('password')}
			/>
			<Select id="order-mode" labelText={t('order.mode')} {...form.register('mode')}>
				<SelectItem value="" text={t('order.modeDefault', { mode: t(profileMode) })} />
				<SelectItem value="modern" text={t('order.modeModern')} />
				<SelectItem value="compatible" text={t('order.modeCompatible')} />
			</Select>
			{packagings.length > 1 && (
				<Select
					id="order-packaging"
					labelText={t('order.packaging')}
					{...form.register('packaging')}
				>
					{packagings.map((one, at) => (
						<SelectItem key={one} value={at === 0 ? '' : one} text={t(`batches.formats.${one}`)} />
					))}
				</Select>
			)}
		</>
	);
}

function InputField({ form, input, kind }: FieldProps & { input: ProfileInput; kind: Kind }) {
	const { t } = useTranslation();
	const error = form.formState.errors.inputs?.[input.name];
	const optional = !input.required || kind === 'csrs';
	if (input.choices) {
		return (
			<Select
				id={`order-input-${input.name}`}
				labelText={optional ? t('common.optional', { label: input.title }) : input.title}
				invalid={error !== undefined}
				invalidText={error?.message}
				{...form.register(`inputs.${input.name}`)}
			>
				<SelectItem value="" text={optional ? t('common.none') : t('order.choose')} />
				{input.choices.map((choice) => (
					<SelectItem key={choice} value={choice} text={choice} />
				))}
			</Select>
		);
	}
	return (
		<TextField
			id={`order-input-${input.name}`}
			labelText={optional ? t('common.optional', { label: input.title }) : input.title}
			placeholder={input.example ?? undefined}
			helperText={input.message ?? undefined}
			autoComplete="off"
			autoCapitalize="none"
			spellCheck={false}
			invalid={error !== undefined}
			invalidText={error?.message}
			{...form.register(`inputs.${input.name}`)}
		/>
	);
}

/** The fields that the profile's own descriptors ask for. */
export function InputFields({
	form,
	profile,
	kind,
}: FieldProps & { profile: Profile; kind: Kind }) {
	return inputsFor(profile, kind).map((input) => (
		<InputField key={input.name} form={form} input={input} kind={kind} />
	));
}
