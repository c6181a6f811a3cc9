import { Checkbox } from '@carbon/react';
import { useTranslation } from 'react-i18next';
import type { Profile } from '../api/types';
import { useMe } from '../session/me';
import { ScrollBox } from '../ui/ScrollBox';
import type { OrderForm } from './fields-view';

/** What one order may name, the current profile among them. */
const profilesMax = 8;

interface PairedProfilesProps {
	form: OrderForm;
	profile: Profile;
}

/** Further profiles for the same devices: a modem may carry a certificate of each. */
export function PairedProfiles({ form, profile }: PairedProfilesProps) {
	const { t } = useTranslation();
	const others = useMe().profiles.filter((one) => one.id !== profile.id);
	const also = form.watch('also');
	if (others.length === 0) return null;
	return (
		<details className="paired" open={also.length > 0 || undefined}>
			<summary>{t('order.also')}</summary>
			<p className="quiet">{t('order.alsoText')}</p>
			<ScrollBox label={t('order.also')} size="short">
				<fieldset className="stack stack--tight">
					<legend className="hidden-text">{t('order.also')}</legend>
					{others.map((one) => (
						<Checkbox
							key={one.id}
							id={`order-also-${one.id}`}
							labelText={one.name}
							checked={also.includes(one.id)}
							disabled={!also.includes(one.id) && also.length + 1 >= profilesMax}
							onChange={(_, { checked }) =>
								form.setValue(
									'also',
									checked ? [...also, one.id] : also.filter((id) => id !== one.id),
									{ shouldDirty: true },
								)
							}
						/>
					))}
				</fieldset>
			</ScrollBox>
		</details>
	);
}
