import { useTranslation } from 'react-i18next';
import schema from '../../../profiles/profile.schema.json';
import { ScrollBox } from '../ui/ScrollBox';

interface Member {
	type?: string;
	description?: string;
	enum?: readonly unknown[];
	properties?: Record<string, Member>;
	items?: Member;
	default?: unknown;
}

const members = Object.entries(schema.properties as Record<string, Member>).filter(
	([name]) => name !== '$schema',
);
const required: readonly string[] = schema.required;

/** What may stand in a member, as far as it fits a table's cell. */
function shape({ type, items, properties, enum: choices }: Member): string {
	const inner = properties ?? items?.properties;
	const values = choices ?? items?.enum;
	if (values) return values.join(', ');
	return inner ? `${type ?? ''}: ${Object.keys(inner).join(', ')}` : (type ?? '');
}

/** The members of a profile document, out of its schema. */
export function DocumentMembers() {
	const { t } = useTranslation();
	return (
		<details>
			<summary>{t('versions.members')}</summary>
			<ScrollBox label={t('versions.members')} size="plain">
				<table className="grid grid--compact">
					<thead>
						<tr>
							<th scope="col">{t('versions.path')}</th>
							<th scope="col">{t('profiles.required')}</th>
							<th scope="col">{t('versions.shape')}</th>
							<th scope="col">{t('versions.meaning')}</th>
						</tr>
					</thead>
					<tbody>
						{members.map(([name, member]) => (
							<tr key={name}>
								<td className="mono">{name}</td>
								<td>{t(required.includes(name) ? 'common.yes' : 'common.no')}</td>
								<td className="mono wrap">{shape(member)}</td>
								<td className="wrap">{member.description}</td>
							</tr>
						))}
					</tbody>
				</table>
			</ScrollBox>
		</details>
	);
}
