import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { Batch } from '../api/types';
import { patchBatch } from '../live/live';

/** A change of one batch: its answer goes into every list at once, the rest is asked for again. */
export function useBatchChange<Input>(
	change: (input: Input) => Promise<Batch>,
	onDone: (batch: Batch) => void,
) {
	const client = useQueryClient();
	return useMutation({
		mutationFn: change,
		onSuccess: (batch) => {
			patchBatch(client, batch);
			for (const key of ['batches', 'dashboard', 'profile', 'me', 'certificates']) {
				void client.invalidateQueries({ queryKey: [key] });
			}
			void client.invalidateQueries({ queryKey: ['batch', batch.id] });
			onDone(batch);
		},
	});
}
