import { useTranslation } from 'react-i18next';
import { FileDrop } from '../ui/FileDrop';
import { Notice } from '../ui/Notice';
import { inputsFor, type OrderContext } from './fields';
import { InputFields, NameField, type OrderForm } from './fields-view';
import type { CsrFile } from './useCsrFile';

interface CsrsTabProps {
	form: OrderForm;
	context: OrderContext;
	csr: CsrFile;
	fileError?: string;
	onFile: (file: File) => void;
}

/** Customers' own key pairs: one or many PEM requests, a DER request, or a ZIP. */
export function CsrsTab({ form, context, csr, fileError, onFile }: CsrsTabProps) {
	const { t } = useTranslation();
	const { look } = csr;
	return (
		<>
			<p className="quiet">{t('order.introCsrs')}</p>
			<FileDrop
				file={csr.file}
				accept=".csr,.pem,.p10,.req,.der,.txt,.zip"
				hint={t('order.csrHint')}
				error={fileError ?? (look?.kind === 'none' ? t('order.csrNone') : undefined)}
				onFile={onFile}
			>
				{look?.kind === 'requests' && <p>{t('order.csrFound', { count: look.count })}</p>}
			</FileDrop>
			{look?.kind === 'private_key' && <Notice kind="error" title={t('order.csrPrivate')} />}
			<div className="form__grid">
				<NameField form={form} />
			</div>
			{inputsFor(context.profile, 'csrs').length > 0 && (
				<fieldset>
					<legend className="form__legend">{t('order.inputsForMissing')}</legend>
					<div className="form__grid">
						<InputFields form={form} profile={context.profile} kind="csrs" />
					</div>
				</fieldset>
			)}
		</>
	);
}
