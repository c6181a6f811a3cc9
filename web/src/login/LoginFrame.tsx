import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Mark } from '../shell/Mark';
import { ThemeButton } from '../theme/ThemeButton';
import { useTitle } from '../ui/useTitle';

interface LoginFrameProps {
	title: string;
	step?: 1 | 2 | 3;
	children: ReactNode;
}

/** The card that all pages before the log-in share. */
export function LoginFrame({ title, step, children }: LoginFrameProps) {
	const { t } = useTranslation();
	useTitle(title);
	return (
		<main className="login" id="main">
			<div className="login__card">
				<p className="login__product">
					<Mark />
					{t('common.product')}
				</p>
				<h1>{title}</h1>
				{step && (
					<ol className="login__steps" aria-label={t('login.steps')}>
						{([1, 2, 3] as const).map((number) => (
							<li key={number} aria-current={number === step ? 'step' : undefined}>
								{t(`login.step${number}`)}
							</li>
						))}
					</ol>
				)}
				{children}
			</div>
			<div className="login__tools">
				<ThemeButton />
			</div>
		</main>
	);
}
