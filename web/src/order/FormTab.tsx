import { Select, SelectItem } from '@carbon/react';
import { useTranslation } from 'react-i18next';
import { TextField } from '../ui/TextField';
import { countedInput, type OrderContext, runOf, sizeMax, wholeNumber } from './fields';
import { InputFields, NameField, type OrderForm, PasswordFields, SizeField } from './fields-view';

interface TabProps {
	form: OrderForm;
	context: OrderContext;
}

/** A start value and a number; a generator counts up the rest. */
export function FormTab({ form, context }: TabProps) {
	const { t } = useTranslation();
	const { profile } = context;
	const fields = form.watch();
	const { errors } = form.formState;
	const counted = countedInput(profile);
	const run = runOf(fields, context);
	const size = wholeNumber(fields.size, sizeMax);
	const available = profile.quota?.available;

	return (
		<>
			<p className="quiet">{t('order.introForm')}</p>
			<div className="form__grid">
				<NameField form={form} />
				<SizeField form={form} />
				<PasswordFields form={form} profile={profile} />
				<InputFields form={form} profile={profile} kind="form" />
				{counted && (
					<>
						<Select
							id="order-generator"
							labelText={t('order.generator')}
							invalid={errors.generator !== undefined}
							invalidText={errors.generator?.message}
							{...form.register('generator')}
						>
							<SelectItem value="none" text={t('order.generators.none')} />
							{counted.generators.map((generator) => (
								<SelectItem
									key={generator}
									value={generator}
									text={t(`order.generators.${generator}`)}
								/>
							))}
						</Select>
						{fields.generator !== 'none' && (
							<TextField
								id="order-increment"
								labelText={t('order.increment')}
								inputMode="numeric"
								autoComplete="off"
								invalid={errors.increment !== undefined}
								invalidText={errors.increment?.message}
								{...form.register('increment')}
							/>
						)}
					</>
				)}
			</div>
			<div aria-live="polite" className="quiet">
				{run?.ok && <p>{t('order.run', { first: run.first, last: run.last })}</p>}
				{size !== undefined && available !== undefined && (
					<p className={size > available ? 'field-error' : undefined}>
						{size > available
							? t('order.tooFew', { size, available })
							: t('order.left', { count: available - size })}
					</p>
				)}
			</div>
		</>
	);
}

export function SingleTab({ form, context }: TabProps) {
	const { t } = useTranslation();
	return (
		<>
			<p className="quiet">{t('order.introSingle')}</p>
			<div className="form__grid">
				<NameField form={form} />
				<SizeField form={form} />
				<PasswordFields form={form} profile={context.profile} />
				<InputFields form={form} profile={context.profile} kind="single" />
			</div>
		</>
	);
}
