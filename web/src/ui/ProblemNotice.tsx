import { useTranslation } from 'react-i18next';
import { ApiProblem } from '../api/problem';
import { Notice } from './Notice';
import { problemText, problemTitle } from './problem-text';

interface ProblemNoticeProps {
	error: unknown;
	title?: string;
	onRetry?: () => void;
}

export function ProblemNotice({ error, title, onRetry }: ProblemNoticeProps) {
	const { t } = useTranslation();
	const id = error instanceof ApiProblem ? error.requestId : null;
	return (
		<Notice
			kind="error"
			title={title ?? problemTitle(t, error)}
			action={
				onRetry && (
					<button type="button" className="link-btn" onClick={onRetry}>
						{t('common.tryAgain')}
					</button>
				)
			}
		>
			<p>{problemText(t, error)}</p>
			{id && (
				<p className="small">
					{t('common.requestId')}: <code>{id}</code>
				</p>
			)}
		</Notice>
	);
}
