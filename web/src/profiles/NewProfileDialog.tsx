import { Select, SelectItem, SelectItemGroup } from '@carbon/react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { authoritiesQuery } from '../admin/queries';
import { api, got } from '../api/client';
import type { ProfileDocument, ProfileSummary } from '../api/types';
import { ecosystemsQuery } from '../ecosystems/queries';
import { Fact, Facts } from '../ui/Facts';
import { notify } from '../ui/notices';
import { DocumentDialog } from './DocumentDialog';
import { documentQuery, profilesQuery } from './queries';

const empty = 0;

/** A document that has every member which the schema asks for, and still has to be filled in. */
function emptyDocument(id: number, ecosystem: string, ca: string): object {
	return {
		id,
		version: 1,
		name: '',
		ecosystem,
		ca,
		methods: ['form', 'single', 'csr', 'csv'],
		keys: {
			server: [{ algorithm: 'EC', curve: 'P-256' }],
			csr: [{ algorithm: 'EC', curve: 'P-256' }],
		},
		signature: 'ecdsa-with-SHA256',
		subject: [{ type: 'CN', from: 'input', name: 'mac_address' }],
		validity: { days: 365 },
		extensions: [{ type: 'authorityKeyIdentifier' }],
		inputs: [{ name: 'mac_address', title: 'MAC Address', type: 'mac_address', required: true }],
		unique: ['mac_address'],
		mac_prefixes: true,
	};
}

function copied(document: ProfileDocument, id: number, name: string): object {
	return { ...document, id, version: 1, name };
}

/** By ecosystem, in the operator's order. */
function grouped(profiles: readonly ProfileSummary[]): [string, ProfileSummary[]][] {
	const groups = new Map<string, ProfileSummary[]>();
	for (const profile of profiles) {
		const { name } = profile.ecosystem;
		groups.set(name, [...(groups.get(name) ?? []), profile]);
	}
	return [...groups];
}

/** A new profile: out of one that is there, or from the beginning. */
export function NewProfileDialog({ onClose }: { onClose: () => void }) {
	const { t } = useTranslation();
	const client = useQueryClient();
	const navigate = useNavigate();
	const [model, setModel] = useState<number>(empty);
	const { data: all, error: listFailed } = useQuery(profilesQuery({ limit: 1000 }));
	const { data: ecosystems } = useQuery(ecosystemsQuery({ limit: 1000 }));
	const { data: authorities } = useQuery(authoritiesQuery({ limit: 1000 }));
	const issuing = authorities?.items.filter((ca) => ca.purpose === 'issuing').map((ca) => ca.name);
	const places = ecosystems?.items.map((ecosystem) => ecosystem.id);
	const chosen = all?.items.find((profile) => profile.id === model);
	const base = useQuery({
		...documentQuery(model, chosen?.version ?? 0),
		enabled: chosen !== undefined,
	});
	const id = Math.max(0, ...(all?.items.map((profile) => profile.id) ?? [])) + 1;
	const start = chosen
		? base.data && copied(base.data, id, t('versions.copyOf', { name: chosen.name }))
		: all && places && issuing && emptyDocument(id, places[0] ?? '', issuing[0] ?? '');

	return (
		<DocumentDialog
			// Another model is another document.
			key={model}
			title={t('versions.newProfile')}
			first={start && JSON.stringify(start, null, 2)}
			failed={listFailed ?? base.error}
			keep={async (body) => {
				const { profile_id } = await got(api.POST('/profiles', { body }));
				void client.invalidateQueries({ queryKey: ['profiles'] });
				// A change of the page takes away what was said before.
				await navigate({ to: '/profiles/$profileId', params: { profileId: String(profile_id) } });
				notify('success', t('versions.made', { id: profile_id }), t('versions.activate'));
			}}
			onClose={onClose}
		>
			<Select
				id="profile-model"
				labelText={t('versions.model')}
				helperText={t('versions.modelHint')}
				value={model}
				onChange={(event) => setModel(Number(event.target.value))}
			>
				<SelectItem value={empty} text={t('versions.modelEmpty')} />
				{grouped(all?.items ?? []).map(([name, profiles]) => (
					<SelectItemGroup key={name} label={name}>
						{profiles.map((profile) => (
							<SelectItem key={profile.id} value={profile.id} text={profile.name} />
						))}
					</SelectItemGroup>
				))}
			</Select>
			<Facts>
				<Fact name={t('versions.places')}>
					<code>{places?.join(', ')}</code>
				</Fact>
				<Fact name={t('versions.issuers')}>
					<code>{issuing?.join(', ')}</code>
				</Fact>
			</Facts>
		</DocumentDialog>
	);
}
