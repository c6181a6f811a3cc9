import { ChevronDown } from '@carbon/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, got } from '../api/client';
import { useMe } from '../session/me';
import { notify } from '../ui/notices';
import { problemText } from '../ui/problem-text';
import { usePopup } from './usePopup';

/** The organization's name; a menu for those who act for several. */
export function OrganizationSwitcher() {
	const { t } = useTranslation();
	const me = useMe();
	const { open, box, button, setOpen } = usePopup();
	const name = me.organization?.name ?? t('shell.operations');

	const change = useMutation({
		mutationFn: (organization_id: number) =>
			got(api.POST('/session/organization', { body: { organization_id } })),
		// Another organization is another session: nothing that this page knows holds in it.
		onSuccess: () => location.assign('/'),
		onError: (error) => notify('error', t('problems.title'), problemText(t, error)),
	});

	if (me.organizations.length < 2) {
		return (
			<span>
				<span className="hidden-text">{t('shell.organization')} </span>
				<strong>{name}</strong>
			</span>
		);
	}
	return (
		<div className="popup" ref={box}>
			<button
				ref={button}
				type="button"
				className="switcher__button"
				aria-expanded={open}
				aria-label={t('shell.switchOrganization', { name })}
				onClick={() => setOpen(!open)}
			>
				<span className="switcher__name">{name}</span>
				<ChevronDown size={16} />
			</button>
			{open && (
				<ul className="popup__panel menu">
					{me.organizations.map((organization) => (
						<li key={organization.id}>
							<button
								type="button"
								className="menu__item"
								aria-current={organization.id === me.organization?.id || undefined}
								disabled={change.isPending}
								onClick={() => change.mutate(organization.id)}
							>
								<span>{organization.name}</span>
								<span className="quiet small">{t(`shell.roles.${organization.role}`)}</span>
							</button>
						</li>
					))}
				</ul>
			)}
		</div>
	);
}
