import type { InputProblem } from '../lib/input';
import type { CsvProblem, HeaderProblem } from './check';
import type { FileProblem } from './check-file';

type Problem = InputProblem | CsvProblem | HeaderProblem | FileProblem;

/** A sentence for each kind of problem, with `{{name}}` where its facts go. */
export type ProblemTexts = Record<Problem['key'], string>;

export function explain(problem: Problem, texts: ProblemTexts): string {
	if (problem.key === 'pattern' && problem.message) return `${problem.value}: ${problem.message}`;
	const facts: Record<string, unknown> = { ...problem };
	return texts[problem.key].replace(/\{\{(\w+)\}\}/g, (_, name: string) =>
		String(facts[name] ?? ''),
	);
}

export function explainAll(problems: readonly CsvProblem[], texts: ProblemTexts): string {
	return problems
		.map((problem) => `${problem.column ? `${problem.column}: ` : ''}${explain(problem, texts)}`)
		.join('; ');
}
