interface StepsProps {
	label: string;
	steps: readonly string[];
	/** From 0. */
	current: number;
}

export function Steps({ label, steps, current }: StepsProps) {
	return (
		<ol className="steps" aria-label={label}>
			{steps.map((step, index) => (
				<li
					key={step}
					className={index < current ? 'steps__done' : undefined}
					aria-current={index === current ? 'step' : undefined}
				>
					{step}
				</li>
			))}
		</ol>
	);
}
