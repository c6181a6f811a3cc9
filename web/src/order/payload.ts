import { api, got, upload } from '../api/client';
import { tidyErrors } from '../api/problem';
import type { components } from '../api/schema';
import type { Batch, BatchPreview, FieldError, Profile } from '../api/types';
import { countedInput, inputsFor, type OrderFields } from './fields';
import { type Kind, makesKeys } from './kinds';

type Schemas = components['schemas'];
type JsonOrder = Schemas['FormOrder'] | Schemas['SingleOrder'];
type FileOrder = Schemas['CsrOrder'] | Schemas['CsvOrder'];
export type Order = JsonOrder | FileOrder;

function inputValues(profile: Profile, kind: Kind, fields: OrderFields): Record<string, string> {
	const values: Record<string, string> = {};
	for (const input of inputsFor(profile, kind)) {
		const value = (fields.inputs[input.name] ?? '').trim();
		if (value !== '') values[input.name] = value;
	}
	return values;
}

/** The order as the API takes it. */
export function orderOf(kind: Kind, profile: Profile, fields: OrderFields): Order {
	const name = fields.name.trim();
	const alone = { profile_id: profile.id, name };
	const common =
		fields.also.length > 0 ? { profile_ids: [profile.id, ...fields.also], name } : alone;
	const keys = makesKeys(kind) && {
		pkcs12_password: fields.password,
		...(fields.mode !== '' && { pkcs12_mode: fields.mode }),
		...(fields.packaging !== '' && { packaging: fields.packaging }),
	};
	const inputs = inputValues(profile, kind, fields);
	switch (kind) {
		case 'form': {
			const input = countedInput(profile);
			const counts = input !== undefined && fields.generator !== 'none';
			return {
				method: 'form',
				...common,
				...keys,
				size: Number(fields.size),
				inputs,
				...(counts && {
					generator: { input: input.name, increment: Number(fields.increment) },
				}),
			} as JsonOrder;
		}
		case 'single':
			return { method: 'single', ...common, ...keys, size: 1, inputs } as JsonOrder;
		case 'csrs':
			return { method: 'csr', ...alone, inputs } as FileOrder;
		case 'csv':
			return { method: 'csv', ...common, ...keys } as FileOrder;
	}
}

interface Send {
	order: Order;
	file?: File;
	onProgress?: (part: number) => void;
}

function isFileOrder(order: Order): order is FileOrder {
	return order.method === 'csr' || order.method === 'csv';
}

async function askPreview({ order, file, onProgress }: Send): Promise<BatchPreview> {
	if (isFileOrder(order)) {
		if (!file) throw new Error('an upload without a file');
		return upload<BatchPreview>('/batches?preview=true', order, file, { onProgress });
	}
	return got(
		api.POST('/batches', { params: { query: { preview: true } }, body: order }),
	) as Promise<BatchPreview>;
}

export async function sendPreview(send: Send): Promise<BatchPreview> {
	const tidied = (preview: BatchPreview): BatchPreview => ({
		...preview,
		errors: tidyErrors(preview.errors),
		warnings: tidyErrors(preview.warnings),
		paired: preview.paired?.map(tidied),
	});
	return tidied(await askPreview(send));
}

/** What is wrong with any of the batches; those of a paired order say which. */
export function previewErrors(preview: BatchPreview): FieldError[] {
	const others = (preview.paired ?? []).flatMap(({ profile_name, errors }) =>
		errors.map((error) => ({ ...error, message: `${profile_name}: ${error.message}` })),
	);
	return [...preview.errors, ...others];
}

/** The same key again, after an answer that was lost, gives the first batch instead of a second. */
export function sendOrder({ order, file, onProgress }: Send, key: string): Promise<Batch> {
	if (isFileOrder(order)) {
		if (!file) throw new Error('an upload without a file');
		return upload<Batch>('/batches', order, file, { onProgress, idempotencyKey: key });
	}
	return got(
		api.POST('/batches', { params: { header: { 'Idempotency-Key': key } }, body: order }),
	) as Promise<Batch>;
}
