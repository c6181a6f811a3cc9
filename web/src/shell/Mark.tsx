/** The product's mark: a shield with a tick. */
export function Mark() {
	return (
		<svg className="mark" viewBox="0 0 32 32" width="20" height="20" aria-hidden="true">
			<rect className="mark__back" width="32" height="32" rx="4" />
			<path
				className="mark__shield"
				d="M16 5l8 3.5v6.2c0 5.6-3.3 9.7-8 12.3-4.7-2.6-8-6.7-8-12.3V8.5z"
			/>
			<path className="mark__tick" d="M12 16l3 3 5.5-6" />
		</svg>
	);
}
