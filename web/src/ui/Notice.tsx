import {
	CheckmarkFilled,
	Close,
	ErrorFilled,
	InformationFilled,
	WarningFilled,
} from '@carbon/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { NoticeKind } from './notices';

const icons = {
	success: CheckmarkFilled,
	info: InformationFilled,
	warning: WarningFilled,
	error: ErrorFilled,
};

interface NoticeProps {
	kind: NoticeKind;
	title: string;
	children?: ReactNode;
	action?: ReactNode;
	onDismiss?: () => void;
}

export function Notice({ kind, title, children, action, onDismiss }: NoticeProps) {
	const { t } = useTranslation();
	const Icon = icons[kind];
	return (
		<div className={`notice notice--${kind}`} role={kind === 'error' ? 'alert' : undefined}>
			<Icon size={20} className="notice__icon" />
			<div className="notice__text">
				<strong>{title}</strong>
				{children && <div>{children}</div>}
			</div>
			{action && <div className="notice__action">{action}</div>}
			{onDismiss && (
				<button
					type="button"
					className="icon-btn"
					aria-label={t('common.dismiss')}
					onClick={onDismiss}
				>
					<Close size={16} />
				</button>
			)}
		</div>
	);
}
