import { lazyRouteComponent } from '@tanstack/react-router';
import { ApiProblem } from '../api/problem';
import { keep, kept } from './storage';

const reloadPauseMs = 30_000;

/** Does the portal send this page at all? */
export async function portalAnswers(): Promise<boolean> {
	try {
		const answer = await fetch('/', { method: 'HEAD', cache: 'no-store' });
		return answer.ok;
	} catch {
		return false;
	}
}

/**
 * A page in a chunk of its own.  A chunk that is gone means that the portal was upgraded under an
 * open tab, which a reload mends; when the portal does not answer, a reload would lose the tab.
 */
export function lazyPage<Module extends Record<string, unknown>, Name extends keyof Module>(
	load: () => Promise<Module>,
	name: Name,
) {
	const guarded = async (): Promise<Module> => {
		try {
			return await load();
		} catch (error) {
			if (!(await portalAnswers())) throw new ApiProblem(0, {});
			// Once: a chunk that is still missing after a reload is a fault to be shown.
			if (Date.now() - Number(kept('reloaded', sessionStorage)) < reloadPauseMs) throw error;
			keep('reloaded', String(Date.now()), sessionStorage);
			location.reload();
			return new Promise<never>(() => undefined);
		}
	};
	return lazyRouteComponent(guarded as () => Promise<Record<string, never>>, name as string);
}
