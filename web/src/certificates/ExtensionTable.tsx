import { useTranslation } from 'react-i18next';
import { ScrollBox } from '../ui/ScrollBox';
import { extensionTitle, extensionWords } from './extension-words';

interface Extension {
	oid: string;
	name: string;
	critical: boolean;
	value: string | null;
	optional?: boolean;
}

/** Extensions in words; of a certificate, or of what a profile puts into one. */
export function ExtensionTable({ extensions }: { extensions: readonly Extension[] }) {
	const { t } = useTranslation();
	return (
		<ScrollBox label={t('certificates.extensions')} size="plain">
			<table className="grid">
				<thead>
					<tr>
						<th scope="col">{t('certificates.extension')}</th>
						<th scope="col">OID</th>
						<th scope="col">{t('certificates.critical')}</th>
						<th scope="col">{t('certificates.value')}</th>
					</tr>
				</thead>
				<tbody>
					{extensions.map((extension) => (
						<tr key={extension.oid}>
							<td>
								<InWords words={extensionTitle(extension.name)} as={extension.name} />
								{extension.optional && ` (${t('profiles.optional')})`}
							</td>
							<td className="mono">{extension.oid}</td>
							<td>{t(extension.critical ? 'common.yes' : 'common.no')}</td>
							<td className="wrap">
								<InWords words={extensionWords(extension.value)} as={extension.value} />
							</td>
						</tr>
					))}
				</tbody>
			</table>
		</ScrollBox>
	);
}

/** The words, and below them what standards call it. */
function InWords({ words, as }: { words: string | undefined; as: string | null }) {
	if (words === undefined) return as;
	return (
		<>
			{words}
			<br />
			<span className="quiet small">{as}</span>
		</>
	);
}
