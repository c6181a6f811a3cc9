export function AuthoritiesPage() {
	return <h1>AuthoritiesPage</h1>;
}
