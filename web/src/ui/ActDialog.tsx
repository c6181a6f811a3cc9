import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { ConfirmDialog } from './ConfirmDialog';
import { notify } from './notices';

interface ActDialogProps {
	title: string;
	label?: string;
	/** What will happen. */
	children: ReactNode;
	act: () => Promise<unknown>;
	/** Said when it has. */
	done: string;
	/** What is to be asked for again, by the first part of its key. */
	changes: readonly string[];
	onClose: () => void;
}

/** Takes something away after asking, and brings the lists up to date. */
export function ActDialog({ title, label, children, act, done, changes, onClose }: ActDialogProps) {
	const client = useQueryClient();
	const run = useMutation({
		mutationFn: act,
		onSuccess: () => {
			onClose();
			notify('success', done);
			for (const key of changes) void client.invalidateQueries({ queryKey: [key] });
		},
	});
	return (
		<ConfirmDialog
			danger
			title={title}
			label={label}
			pending={run.isPending}
			error={run.error}
			onConfirm={() => run.mutate()}
			onClose={onClose}
		>
			<p>{children}</p>
		</ConfirmDialog>
	);
}
