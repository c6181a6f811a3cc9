import { useTranslation } from 'react-i18next';
import type { Profile } from '../api/types';
import { ScrollBox } from '../ui/ScrollBox';

/** The parts of the subject in their order, and where each comes from. */
export function SubjectTable({ profile }: { profile: Profile }) {
	const { t } = useTranslation();
	return (
		<ScrollBox label={t('profiles.subject')} size="plain">
			<table className="grid">
				<thead>
					<tr>
						<th scope="col">{t('profiles.part')}</th>
						<th scope="col">{t('profiles.value')}</th>
						<th scope="col">{t('profiles.source')}</th>
					</tr>
				</thead>
				<tbody>
					{profile.subject.map((part) => (
						<tr key={`${part.type} ${part.value} ${part.input}`}>
							<td className="mono">{part.type}</td>
							<td className="mono wrap">{part.value ?? part.input}</td>
							<td>{t(`profiles.sources.${part.source}`)}</td>
						</tr>
					))}
				</tbody>
			</table>
		</ScrollBox>
	);
}

/** What an order gives for each device: the columns of a CSV, the fields of a form. */
export function InputTable({ profile }: { profile: Profile }) {
	const { t } = useTranslation();
	return (
		<ScrollBox label={t('profiles.inputs')} size="plain">
			<table className="grid">
				<thead>
					<tr>
						<th scope="col">{t('profiles.input')}</th>
						<th scope="col">{t('profiles.inputTitle')}</th>
						<th scope="col">{t('profiles.inputType')}</th>
						<th scope="col">{t('profiles.required')}</th>
						<th scope="col">{t('profiles.rule')}</th>
					</tr>
				</thead>
				<tbody>
					{profile.inputs.map((input) => (
						<tr key={input.name}>
							<td className="mono">{input.name}</td>
							<td>{input.title}</td>
							<td className="mono">{input.type}</td>
							<td>{t(input.required ? 'common.yes' : 'common.no')}</td>
							<td className="wrap">
								{input.choices?.join(', ') ?? input.message ?? input.pattern}
							</td>
						</tr>
					))}
				</tbody>
			</table>
		</ScrollBox>
	);
}
