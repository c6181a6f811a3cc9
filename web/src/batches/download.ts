import type { QueryClient } from '@tanstack/react-query';
import { apiBase } from '../api/client';
import { ApiProblem } from '../api/problem';
import type { Batch, Format } from '../api/types';
import { clickLink } from '../lib/save';
import { noteLoggedOut } from '../session/activity';

/**
 * Starts the download in the browser, which streams it to disk and can resume it.  HEAD changes
 * nothing and finds a refusal first: a link would save the refusal as a file.
 */
export async function downloadBatch(
	client: QueryClient,
	batch: Batch,
	format?: Format,
): Promise<void> {
	const url = `${apiBase}/batches/${batch.id}/download${format ? `?format=${format}` : ''}`;
	const head = await fetch(url, { method: 'HEAD', credentials: 'same-origin' }).catch(() => {
		throw new ApiProblem(0, {});
	});
	if (head.status === 401) noteLoggedOut();
	if (!head.ok) {
		// A HEAD answer has no body; the batch itself tells why it is not to be had.
		await client.invalidateQueries({ queryKey: ['batch', batch.id] });
		await client.invalidateQueries({ queryKey: ['batches'] });
		throw new ApiProblem(head.status, {}, head.headers);
	}
	clickLink(url);
	setTimeout(() => void client.invalidateQueries({ queryKey: ['batches'] }), 1500);
	setTimeout(() => void client.invalidateQueries({ queryKey: ['batch', batch.id] }), 1500);
}
