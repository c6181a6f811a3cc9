import { CloudDownload } from '@carbon/icons-react';
import { useTranslation } from 'react-i18next';
import { apiBase } from '../api/client';
import { FileDrop } from '../ui/FileDrop';
import { Meter } from '../ui/Meter';
import { CsvReportView } from './CsvReportView';
import type { OrderContext } from './fields';
import { NameField, type OrderForm, PasswordFields } from './fields-view';
import type { CsvFile } from './useCsvFile';

interface CsvTabProps {
	form: OrderForm;
	context: OrderContext;
	csv: CsvFile;
	fileError?: string;
	onFile: (file: File) => void;
}

export function CsvTab({ form, context, csv, fileError, onFile }: CsvTabProps) {
	const { t } = useTranslation();
	const { profile } = context;
	return (
		<>
			<p className="quiet">{t('order.introCsv')}</p>
			<FileDrop
				file={csv.file}
				accept=".csv,.txt,text/csv"
				hint={t('order.csvHint')}
				error={fileError}
				onFile={onFile}
			>
				<a className="row" href={`${apiBase}/profiles/${profile.id}/template.csv`} download>
					<CloudDownload size={16} />
					{t('order.template')}
				</a>
			</FileDrop>
			<div className="form__grid">
				<NameField form={form} />
				<PasswordFields form={form} profile={profile} />
			</div>
			{csv.progress !== undefined && (
				<Meter wide label={t('order.checking')} value={Math.round(csv.progress * 100)} max={100} />
			)}
			{csv.report && <CsvReportView csv={csv} report={csv.report} texts={context.texts} />}
		</>
	);
}
